"""`meta.allowed`: which interactions are agreed with the agency and in force now, and which are not, with why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.contract.adapter import Adapter, Inbound, Interaction, Mailbox, Outbound
from gateway.contract.agreement import AgreedInteraction
from gateway.contract.differences import declared_for, model_of, speaks_to_us
from gateway.contract.message import Json, Payload
from gateway.exchange.mailbox.service import PATH, PREFIX
from gateway.exchange.meta.inquiry import JWS, Asked, MetaInquiry, moment, plain
from gateway.exchange.meta.standing import Standing
from gateway.exchange.published import REQUIRED

OURS, THEIRS, COLLECTED = "you-call-us", "we-call-you", "you-collect"


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the hub is (`public_url`, without a slash at its end), and where it calls the agency, by interaction."""

    public_url: str
    theirs: dict[str, str]


def allowed(
    asked: Asked, adapter: Adapter, standing: Standing, addresses: Addresses, meta: Sequence[MetaInquiry]
) -> Payload:
    """Answer what an agency may exchange at the moment of asking."""
    reply: dict[str, Json] = {"agency": asked.agency, "at": moment(asked.at)}
    if standing.in_force is not None:
        reply["agreement"] = f"{standing.in_force.id}/{standing.in_force.version}"
    if standing.last_day is not None:
        reply["validUntil"] = standing.last_day.isoformat()
    if standing.suspended is not None:
        reply["suspended"] = plain(standing.suspended, 1024)
    named = {each.name: adapter.named(each.name)[0] for each in adapter.interactions}
    may = dict(_may(adapter, standing))
    reply["interaction"] = [_interaction(asked.agency, *may[name], addresses) for name in named if name in may]
    reply["notAllowed"] = [
        {"name": name, "model": model_of(each), "why": plain(_why_not(each, standing), 1024)}
        for name, each in named.items()
        if name not in may
    ]
    reply["metaService"] = list(_meta(asked.agency, addresses.public_url, meta))
    return reply


def _may(adapter: Adapter, standing: Standing) -> Iterator[tuple[str, tuple[Interaction, AgreedInteraction]]]:
    """What is agreed now, by name, and how the adapter declares it for that version."""
    if standing.in_force is None or not standing.may_exchange:
        return
    for agreed in standing.in_force.interactions:
        declared = declared_for(adapter, standing.in_force, agreed)
        if declared is not None:
            yield agreed.name, (declared, agreed)


def _interaction(agency: str, declared: Interaction, agreed: AgreedInteraction, addresses: Addresses) -> Json:
    said: dict[str, Json] = {
        "name": declared.name,
        "model": agreed.model,
        "direction": _direction(declared),
        "transport": agreed.transport.value,
        "security": agreed.security,
        "service": list(agreed.services),
        **_addresses(agency, declared, agreed, addresses),
        "request": agreed.request,
    }
    documents = {"reply": agreed.reply, "answer": agreed.answer}
    said |= {name: document for name, document in documents.items() if document is not None}
    said["maxBytes"] = agreed.max_size
    if agreed.rate_per_s is not None:
        said["ratePerMinute"] = round(agreed.rate_per_s * 60)
    said["confidential"] = agreed.confidential
    said["personalField"] = list[Json](sorted(agreed.personal.fields))
    if agreed.personal.purpose:
        said["personalPurpose"] = plain(agreed.personal.purpose, 1024)
    said["callTimeoutMs"] = round(agreed.call_timeout_s * 1000)
    if agreed.answer_within_days is not None:
        said["answerWithinDays"] = agreed.answer_within_days
    if isinstance(declared, Mailbox):
        said |= {"visibleAgainS": round(agreed.visible_again_s or 0), "mostCollections": agreed.retry.attempts}
    return said


def _direction(declared: Interaction) -> str:
    if isinstance(declared, Mailbox):
        return COLLECTED
    return OURS if speaks_to_us(declared) and not isinstance(declared, Outbound) else THEIRS


def _addresses(agency: str, declared: Interaction, agreed: AgreedInteraction, addresses: Addresses) -> dict[str, Json]:
    """Where one calls the other, and what describes it. A Request has both: its answer comes to us."""
    said: dict[str, Json] = {}
    soap = f"{addresses.public_url}/soap/{agency}/{declared.name}"
    rest = f"{addresses.public_url}/rest/{agency}"
    if speaks_to_us(declared):
        path = declared.path if isinstance(declared, Inbound) else ""
        is_soap = agreed.transport.is_soap
        said["url"] = soap if is_soap else f"{rest}/{path or declared.name}"
        said["description"] = f"{soap}?wsdl" if is_soap else f"{rest}/openapi.json"
    if isinstance(declared, Mailbox):
        return _collected(f"{addresses.public_url}/soap/{agency}", rest, soap, is_soap=agreed.transport.is_soap)
    if isinstance(declared, Outbound) or not speaks_to_us(declared):
        if declared.name in addresses.theirs:
            said["yourUrl"] = addresses.theirs[declared.name]
        if agreed.transport.is_soap:
            said["yourDescription"] = f"{soap}/{REQUIRED}?wsdl"
    return said


def _collected(soap: str, rest: str, own: str, *, is_soap: bool) -> dict[str, Json]:
    """Where an agency collects: over the transport that is agreed for the items, though the other serves as well."""
    if not is_soap:
        urls: dict[str, Json] = {"url": f"{rest}/{PATH}collect", "description": f"{rest}/openapi.json"}
        return urls | {"acknowledgeUrl": f"{rest}/{PATH}acknowledge"}
    collect = f"{soap}/{PREFIX}collect"
    urls = {"url": collect, "description": f"{collect}?wsdl", "acknowledgeUrl": f"{soap}/{PREFIX}acknowledge"}
    return urls | {"yourDescription": f"{own}/{REQUIRED}?wsdl"}


def _why_not(declared: Interaction, standing: Standing) -> str:
    if standing.suspended is not None:
        return f"the agency is suspended: {standing.suspended}"
    if standing.in_force is None:
        return standing.line()
    reference = f"{standing.in_force.id}/{standing.in_force.version}"
    lacks = f"agreement {reference} has no interaction {declared.name}"
    for each in standing.coming:
        if each.interaction(declared.name) is not None:
            return f"{lacks}: {each.version} has, from {each.valid_from} on"
    return f"{lacks}: it can come with a next version"


def _meta(agency: str, public_url: str, meta: Sequence[MetaInquiry]) -> Iterator[Json]:
    for each in meta:
        if each.security == JWS:
            soap = f"{public_url}/soap/{agency}/{each.name}"
            rest = f"{public_url}/rest/{agency}/{each.path}"
            yield {"name": each.name, "rest": rest, "soap": soap, "wsdl": f"{soap}?wsdl"}
