"""Messages of agencies at the door: a bounded body, the exchange in a thread, the answer once it is on disk.

What is refused here, before any exchange has seen it, is refused in the form that the address speaks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response
from starlette.types import Scope

from gateway.contract.adapter import Interaction
from gateway.contract.message import Message, Transport
from gateway.dialect.profiles import WSS_X509
from gateway.domain.errors import GatewayError, Refused, Unauthorised
from gateway.edge.http import (
    PROBLEM_MEDIA_TYPE,
    joined_headers,
    language_of,
    problem,
    problem_body,
    read_body,
    status_of,
)
from gateway.edge.limits import Limits
from gateway.edge.proxies import Proxies, shown_certificate
from gateway.edge.rest.wire import RestWire
from gateway.edge.soap.wire import SoapForm, SoapWire, fault_answer, leaving, version_of
from gateway.edge.waiting_room import Gone
from gateway.exchange.batch.uploads import Uploads
from gateway.exchange.client_certificates import ClientCertificates
from gateway.exchange.directory import Directory
from gateway.exchange.inbound import Inbound
from gateway.exchange.mailbox.services import MailboxServices
from gateway.exchange.meta.services import MetaServices
from gateway.exchange.published import Published
from gateway.exchange.refusing import refusal_answer
from gateway.exchange.wire import Sealed, Wire
from gateway.store.pending import Going
from gateway.validation.library import SchemaLibrary
from gateway.validation.wsdl import Port


@dataclass(frozen=True, kw_only=True)
class AgencyEdge:
    """What the routes need."""

    inbound: Inbound
    directory: Directory
    meta: MetaServices
    mailboxes: MailboxServices
    published: Published
    library: SchemaLibrary
    clock: Callable[[], datetime]
    max_body_bytes: int
    body_timeout_s: float
    limits: Limits
    proxies: Proxies
    client_certificates: ClientCertificates
    uploads: Uploads


class Wires:
    """One wire for each interaction under each profile, in all its versions, made when it is first spoken in."""

    def __init__(self, edge: AgencyEdge) -> None:
        self._edge = edge
        self._made: dict[tuple[str, str, str], Wire] = {}

    def find(self, agency: str, interaction: Interaction) -> Wire:
        """The wire of an interaction: SOAP for the one SOAP profile, REST else."""
        key = (agency, interaction.name, interaction.security)  # a meta-service is served under two profiles
        if key not in self._made:
            self._made[key] = self._make(agency, interaction)
        return self._made[key]

    def _make(self, agency: str, interaction: Interaction) -> Wire:
        if interaction.security != WSS_X509:
            return RestWire.under(interaction.security, library=self._edge.library)
        ports = self._edge.published.served(agency, interaction)
        path = f"/soap/{agency}/{interaction.name}"
        forms = [_form(each) for each in ports]
        return SoapWire(forms, path=path, address=ports[0].address, library=self._edge.library)


def _form(port: Port) -> SoapForm:
    from gateway.edge.soap.codec import SoapCodec  # and spyne, 5 MB that are SOAP's alone

    codec = SoapCodec(port.agency, port.interaction, request=port.request.root.text, answer=port.answer.root.text)
    return SoapForm(document=port.request.id, action=port.request.action, codec=codec)


class Receiving:
    """Takes messages of agencies: bounded body, exchange in a thread, answer once it is on disk."""

    def __init__(self, edge: AgencyEdge) -> None:
        self._edge = edge
        self.wires = Wires(edge)

    async def __call__(self, request: Request, agency: str, name: str, transport: Transport) -> Response:
        """Answer one message. A GatewayError that leaves it becomes a problem in `gateway.edge.api`."""
        edge, wires = self._edge, self.wires
        try:
            body = await read_body(request, edge.max_body_bytes, within_s=None)  # the front door has its time
        except Refused as error:
            return await _refuse_unread(edge, wires, request, agency, name, transport, error)
        return _response(await self.exchange(request.scope, agency, name, transport, body, request.is_disconnected))

    async def exchange(
        self, scope: Scope, agency: str, name: str, transport: Transport, body: bytes, gone: Gone
    ) -> Sealed:
        """Answer a message whose body was read. Raises GatewayError as above."""
        edge = self._edge
        message = message_of(scope, agency, name, transport, body, edge.clock())
        return await edge.limits.run(_exchange, edge, self.wires, message, size=len(body), gone=gone)


def _exchange(edge: AgencyEdge, wires: Wires, message: Message) -> Going[Sealed]:
    interaction = served(edge, message.agency, message.interaction, message.transport, message.received_at)
    if interaction is None:
        return _not_served(edge, message, unknown(edge, message.agency, message.interaction))
    named = message if message.interaction == interaction.name else replace(message, interaction=interaction.name)
    return edge.inbound.begin(named, wires.find(message.agency, interaction), interaction)


async def _refuse_unread(
    edge: AgencyEdge, wires: Wires, request: Request, agency: str, name: str, transport: Transport, error: Refused
) -> Response:
    """A body that was not read whole is refused in its interaction's own form, and counted."""
    interaction = served(edge, agency, name, transport)  # for the form of a refusal: any of its versions
    if interaction is None:
        message = message_of(request.scope, agency, name, transport, b"", edge.clock())
        sealed = await edge.limits.run(_not_served, edge, message, error)
    else:
        message = message_of(request.scope, agency, interaction.name, transport, b"", edge.clock())
        wire = wires.find(agency, interaction)
        sealed = await edge.limits.run(_refused, edge, message, wire, error)
    return _response(sealed, Connection="close")  # what is left of the body is not read


def refuse_early(edge: AgencyEdge, request: Request, error: GatewayError) -> Response:
    """Refuse, in the form that the address speaks, what no exchange has seen: no thread, no commit, no proof."""
    _, kind, agency, name = (*request.url.path.split("/", 3), "", "", "")[:4]
    if request.method != "POST" or kind not in {"soap", "rest"}:
        return problem(error, instance=request.url.path, language=language_of(request.headers))
    transport = Transport.SOAP_12 if kind == "soap" else Transport.REST
    message = message_of(request.scope, agency, name, transport, b"", edge.clock())
    if transport.is_soap:
        return _response(leaving(fault_answer(error, message), version_of(message)))
    interaction = served(edge, agency, name, transport)
    if interaction is None:
        return problem(error, instance=request.url.path, language=language_of(request.headers))
    named = replace(message, interaction=interaction.name)
    wire = RestWire.under(interaction.security, library=edge.library)
    answer = refusal_answer(edge.directory.adapters.get(agency), named, wire, error)
    after_s = getattr(error, "after_s", None)
    waits = {} if after_s is None else {"Retry-After": str(after_s)}
    return Response(answer.body, answer.status, {"Content-Type": answer.media_type, **waits, **answer.headers})


def served(
    edge: AgencyEdge, agency: str, name: str, transport: Transport, at: datetime | None = None
) -> Interaction | None:
    """The interaction at an address, if that transport is one that it is spoken over.

    Of several profiles the one in force at that moment; for None, without a look at the registry, the first.
    """
    own = edge.meta.served(agency, name, transport) or edge.mailboxes.served(agency, name, transport)
    return own or edge.directory.spoken_to_us(agency, name, soap=transport.is_soap, at=at)


def _refused(edge: AgencyEdge, message: Message, wire: Wire, error: Refused) -> Going[Sealed]:
    """Refuse in the form of an interaction, and count it."""
    return edge.inbound.begin_refusal(message, error.code, edge.inbound.unknown_senders.unsigned(message, wire, error))


def _not_served(edge: AgencyEdge, message: Message, error: Refused) -> Going[Sealed]:
    """Refuse what no interaction of ours takes, in the form of the address, and count it."""
    if message.transport.is_soap:
        sealed = leaving(fault_answer(error, message), version_of(message))
    else:
        body = problem_body(error, exchange=None, language=language_of(message.headers))
        sealed = Sealed(status=status_of(error), headers={"Content-Type": PROBLEM_MEDIA_TYPE}, body=body)
    return edge.inbound.begin_refusal(message, error.code, sealed)


def unknown(edge: AgencyEdge, agency: str, name: str) -> Unauthorised:
    """The refusal of an address that no interaction is served at."""
    if agency not in edge.directory.adapters:
        return Unauthorised(f"no agency {agency[:40]!r} is known here: check the address", code="agency-unknown")
    return Unauthorised(
        f"no interaction {name[:60]!r} of agency {agency[:40]!r} is served here", code="interaction-unknown"
    )


def _response(sealed: Sealed, **more: str) -> Response:
    return Response(sealed.body, status_code=sealed.status, headers={**sealed.headers, **more})


def message_of(scope: Scope, agency: str, name: str, transport: Transport, body: bytes, at: datetime) -> Message:
    """The message of a request, as it came."""
    raw_path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    asked: bytes = scope["query_string"]
    query = f"?{asked.decode('ascii', 'replace')}" if asked else ""
    return Message(
        agency=agency,
        interaction=name,
        transport=transport,
        method=scope["method"],
        path=raw_path.decode("ascii", "replace") + query,
        headers=joined_headers(scope["headers"]),
        body=body,
        received_at=at,
        address=scope["client"][0] if scope.get("client") else "",
        client_certificate=shown_certificate(scope),
    )
