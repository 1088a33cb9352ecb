"""Whether adapter, agreement and schemas say the same (Pasal 21(2)). Where they differ the agency does not exchange."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.contract.adapter import (
    Adapter,
    Batch,
    Inbound,
    Interaction,
    Mailbox,
    Notification,
    Outbound,
    Query,
    Repeat,
    Request,
    Submission,
)
from gateway.contract.agreement import AgreedInteraction, Agreement
from gateway.contract.differences import declared_for, differences
from gateway.dialect.profiles import CONFIDENTIAL, INBOUND, JWS, OUTBOUND, SIGN_BODIES, WSS_X509
from gateway.domain.errors import Misconfigured
from gateway.store.tables.cases import FOUND_BY_TIME
from gateway.trust.jwe import RECIPIENTS as REST_RECIPIENTS
from gateway.trust.policy import KeyKind
from gateway.trust.xml_encryption import RECIPIENTS as SOAP_RECIPIENTS
from gateway.validation.library import SchemaLibrary
from gateway.validation.minimise import personal_differences


def check_agreement(
    adapter: Adapter, agreement: Agreement, library: SchemaLibrary, hub: KeyKind | None = None
) -> tuple[str, ...]:
    """Sentences that say where they differ; empty when they do not. `hub`: the kind of the hub's key, if it counts."""
    profiles = _profiles(adapter, agreement)
    files = _files_of_text(agreement, library)
    results = _results_of_office(adapter, agreement, library)
    found = (*differences(agreement, adapter), *profiles, *files, *results, *personal_differences(agreement, library))
    return found if hub is None else (*found, *_undecryptable(agreement, hub))


def _files_of_text(agreement: Agreement, library: SchemaLibrary) -> Iterator[str]:
    """Of a batch whose files may be CSV or XML, where all is text: members of a record that are none."""
    for agreed in agreement.interactions:
        if agreed.model == "batch" and {"csv", "xml"} & set(agreed.formats):
            try:
                members = library.json(agreed.request).schema.get("properties", {})
            except Misconfigured:
                continue  # `personal_differences` says so
            others = [name for name, said in members.items() if said.get("type", "string") != "string"]
            if others:
                yield (
                    f"{agreement.agency}/{agreed.name}: {', '.join(others)} of {agreed.request} are no text, and in "
                    "CSV and XML all is: agree on text, or on jsonl alone"
                )


def _results_of_office(adapter: Adapter, agreement: Agreement, library: SchemaLibrary) -> Iterator[str]:
    """Of the office's own file: results that could not be told apart by the number of their record."""
    for agreed in agreement.interactions:
        declared = declared_for(adapter, agreement, agreed)
        if not isinstance(declared, Batch) or not declared.is_of_office:
            continue
        try:
            schema = library.json(declared.result).schema
        except Misconfigured:
            continue  # `personal_differences` says so
        where = f"{agreement.agency}/{agreed.name}"
        members = schema.get("properties", {})
        if members.get("number", {}).get("type") != "integer" or "number" not in schema.get("required", ()):
            yield (
                f"{where}: a result of the office's file has to name its record: let {declared.result} require "
                "`number`, a whole number"
            )
        others = [name for name, said in members.items() if name != "number" and said.get("type", "string") != "string"]
        if others and "csv" in agreed.formats:
            yield (
                f"{where}: {', '.join(others)} of {declared.result} are no text, and in the CSV of a result all is: "
                "agree on text, or on jsonl and xml alone"
            )


def _undecryptable(agreement: Agreement, hub: KeyKind) -> Iterator[str]:
    for agreed in agreement.interactions:
        if agreed.confidential and hub not in (SOAP_RECIPIENTS if agreed.transport.is_soap else REST_RECIPIENTS):
            yield (
                f"{agreement.agency}/{agreed.name}: confidential = true over {agreed.transport} does not go with the "
                f"hub's key ({hub}): set SIMOJO_SIGNING_KEY_FILE to an RSA key"
            )


def _profiles(adapter: Adapter, agreement: Agreement) -> Iterator[str]:
    for agreed in agreement.interactions:
        declared = declared_for(adapter, agreement, agreed)
        if declared is None:
            continue  # `differences` has said so
        where = f"{adapter.agency.id}/{declared.name}"
        yield from (f"{where}: {each}" for each in (*_profile(declared, agreed), *_unserved(adapter, declared, agreed)))


def _profile(declared: Interaction, agreed: AgreedInteraction) -> Iterator[str]:
    if agreed.confidential and declared.security not in CONFIDENTIAL:
        yield (
            f"confidential = true does not go with profile {declared.security}, which cannot encrypt; "
            f"{' and '.join(sorted(CONFIDENTIAL))} can"
        )
    if isinstance(declared, Query) and declared.method == "GET" and declared.security in SIGN_BODIES:
        yield (
            f"method GET has no body, and profile {declared.security} signs one: ask by POST, or agree on a profile "
            "that signs none"
        )
    if isinstance(declared, Mailbox):
        yield from _mailbox(declared)
    if isinstance(declared, Batch):
        yield from _batch(declared, agreed)
    if agreed.transport.is_soap:
        if declared.security != WSS_X509:
            yield f"profile {declared.security} does not go with {agreed.transport}; SOAP speaks {WSS_X509}"
        return
    if isinstance(declared, Inbound | Request) and declared.security not in INBOUND:
        yield f"the hub has no inbound profile {declared.security!r}; it has {', '.join(INBOUND)}"
    if isinstance(declared, Outbound) and declared.security not in OUTBOUND:
        yield f"the hub has no outbound profile {declared.security!r}; it has {', '.join(OUTBOUND)}"


def _unserved(adapter: Adapter, declared: Interaction, agreed: AgreedInteraction) -> Iterator[str]:
    """What could be declared and would not be done: better refused than left undone in silence."""
    if isinstance(declared, Outbound) and declared.repeat is Repeat.PROBE:
        yield "repeat = probe is not served by this version: agree on safe, same-id or never"
    if declared.redact and agreed.transport.is_soap:
        yield (
            f"redact names {', '.join(declared.redact)}, and secrets are filled in by REST profiles alone: {WSS_X509} "
            "proves the hub by its signature, leave the secret out of the message"
        )
    if isinstance(declared, Notification) and declared.to_case is not None and declared.reply is None:
        yield "to_case is never called, for no reply is agreed: name the reply's schema, or leave to_case out"
    if isinstance(declared, Submission) and declared.reply is not None and adapter.dialect is None:
        yield (
            "a reply of its own is agreed, and nothing writes it: give the adapter a dialect whose `accept` does, or "
            "leave `reply` out, and the hub sends its acknowledgement"
        )


def _batch(declared: Batch, agreed: AgreedInteraction) -> Iterator[str]:
    if agreed.transport.is_soap or declared.security != JWS or agreed.confidential:
        yield (
            f"a batch is announced over REST with profile {JWS}, and its file travels in pieces that are not encrypted "
            "but by TLS: agree on transport = rest, security = jws and confidential = false"
        )
    if declared.is_of_office and declared.result_of is not None:
        yield "result_of is never called for the office's own file (to_agency), whose result the agency writes"
    if declared.expects is None:
        return
    if declared.is_of_office:
        yield "expects is of an agency's file alone: what the office's own names, to_agency decides"
    if (fact := declared.expects.fact.__name__) not in FOUND_BY_TIME:
        yield f"expects names the fact {fact}, which is not found by its time; these are: {', '.join(FOUND_BY_TIME)}"


def _mailbox(declared: Mailbox[Any]) -> Iterator[str]:
    """What the agency collects is signed by us, given again under one id, and stored as it was given."""
    if declared.security not in CONFIDENTIAL:
        yield (
            f"profile {declared.security} does not go with a mailbox, whose items are signed; "
            f"{' and '.join(sorted(CONFIDENTIAL))} can"
        )
    if declared.repeat is not Repeat.SAME_ID:
        yield f"repeat = {declared.repeat} does not go with a mailbox: an item is collected again as same-id"
    if declared.redact:
        yield f"a mailbox has no secrets to fill in (redact names {', '.join(declared.redact)}): leave them out"
