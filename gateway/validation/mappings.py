"""An adapter's mapping functions, tried with a sample case and the examples of its schemas: no network, no store.

    the hub speaks first      to_agency of the sample case keeps to the request's schema, with no personal data beyond
                              the agreement; to_case of each example answer is one of the answers a mapping may give
    the agency speaks first   about, and then answer or to_cases, of each example message; the reply keeps to its schema
    of a batch                result_of for a record that was taken, declined and refused keeps to the result's schema

A mapping may decline an example: that is an answer. It may not raise, and what it writes is what was agreed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from lxml import etree

from gateway.contract.adapter import (
    Accept,
    Adapter,
    AskPerson,
    Batch,
    Decline,
    Found,
    Inquiry,
    Interaction,
    Mailbox,
    Notification,
    Outbound,
    Query,
    Reason,
    Request,
    Retry,
    Submission,
)
from gateway.contract.agreement import ANY_SERVICE, AgreedInteraction
from gateway.contract.message import Payload, Refusal
from gateway.contract.samples import sample_ask, sample_case
from gateway.domain.case import PermitCase
from gateway.domain.errors import GatewayError, Refused, SchemaViolation, Violation
from gateway.domain.events import Ask
from gateway.validation.examples import MAX_BYTES, examples_of
from gateway.validation.json_parse import parse_json
from gateway.validation.library import SchemaLibrary
from gateway.validation.minimise import excess

T = TypeVar("T")

SERVICE = "contoh"
MESSAGE_ID = "urn:uuid:0198c0de-0000-7000-8000-000000000017"

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def mapping_findings(
    adapter: Adapter, declared: Interaction, agreed: AgreedInteraction, library: SchemaLibrary
) -> tuple[str, ...]:
    """Sentences that say what a mapping does wrong; empty when all is well.

    Raises Misconfigured for a schema that is missing or unfit.
    """
    found: list[str] = []
    try:
        for each in _Trial(adapter, agreed, library).findings(declared):
            found.append(each)  # noqa: PERF402 - what was found before a mapping broke is told too
    except _Broken as broken:
        found.append(str(broken))
    return tuple(dict.fromkeys(found))


class _Broken(Exception):
    """A mapping raised; the text says which and what."""


class _Refuses(_Broken):
    """A mapping raised one of our refusals, as it may."""


class _Trial:
    """One interaction under trial."""

    def __init__(self, adapter: Adapter, agreed: AgreedInteraction, library: SchemaLibrary) -> None:
        self._adapter = adapter
        self._agreed = agreed
        self._library = library
        self._soap = agreed.transport.is_soap
        service = next((each for each in agreed.services if each != ANY_SERVICE), SERVICE)
        self._case = sample_case(service, adapter.agency.id)

    def findings(self, declared: Interaction) -> Iterator[str]:
        match declared:
            case Outbound():
                yield from self._outbound(declared)
            case Inquiry():
                for payload, found in self._heard(declared.request, declared.about):
                    answer = self._called("answer", declared.answer, payload, found)
                    if not isinstance(answer, Decline):
                        yield from self._written("answer", declared.reply, answer)
            case Submission():
                for payload, found in self._heard(declared.request, declared.about):
                    accepted = self._called("to_cases", declared.to_cases, payload, found)
                    yield from _of(accepted, "to_cases", Accept | Decline)
                    yield from self._acknowledged(declared, payload, accepted)
            case Batch():
                yield from self._batch(declared)

    # --- the hub speaks first -------------------------------------------------------------------------------------

    def _outbound(self, declared: Outbound[Any]) -> Iterator[str]:
        ask = sample_ask(declared.serves, self._adapter.agency.id)
        try:
            message = self._called("to_agency", declared.to_agency, self._case, ask, MESSAGE_ID)
        except _Refuses:
            pass  # it says that this cannot be sent: of another case it may
        else:
            yield from self._written("to_agency", declared.request, message)
        match declared:
            case Query() | Request():
                said = declared.reply if isinstance(declared, Query) else declared.answer
                yield from self._answers(declared.to_case, said, ask, isinstance(declared, Query))
            case Notification(reply=str() as said, to_case=to_case) if to_case is not None:
                yield from self._answers(to_case, said, ask, True)
            case Mailbox(on_collected=on_collected) if on_collected is not None:
                yield from _of(self._called("on_collected", on_collected, self._case, ask), "on_collected", Accept)

    def _answers(
        self, to_case: Callable[[PermitCase, Any, Payload], object], document: str, ask: Ask, at_once: bool
    ) -> Iterator[str]:
        """A callback is accepted or declined; an answer in the same call may also say: later, or ask a person."""
        may_be = Accept | Decline | Retry | AskPerson if at_once else Accept | Decline
        for payload in self._examples(document):
            yield from _of(self._called("to_case", to_case, self._case, ask, payload), "to_case", may_be)

    # --- the agency speaks first ----------------------------------------------------------------------------------

    def _heard(self, document: str, about: Callable[[Payload], Any]) -> Iterator[tuple[Payload, Found]]:
        """Each example, with the sample case found, and with nothing found."""
        for payload in self._examples(document):
            references = self._called("about", about, payload)
            yield payload, dict.fromkeys(references, (self._case,))
            yield payload, dict.fromkeys(references, ())

    def _acknowledged(self, declared: Submission, payload: Payload, accepted: object) -> Iterator[str]:
        dialect = self._adapter.dialect
        if dialect is None or declared.reply is None or not isinstance(accepted, Accept):
            return
        reply = self._called("accept of the dialect", dialect.accept, declared, payload, accepted)
        yield from self._written("accept of the dialect", declared.reply, reply.payload)

    def _batch(self, declared: Batch) -> Iterator[str]:
        if declared.to_agency is not None:
            record = self._called("to_agency", declared.to_agency, self._case)
            if record is not None:
                yield from self._written("to_agency", declared.request, record)
            for payload, found in self._heard(declared.result, declared.about):
                said = self._called("to_cases", declared.to_cases, payload, found)
                yield from _of(said, "to_cases", Accept | Decline)
            return
        for payload, found in self._heard(declared.request, declared.about):
            said = self._called("to_cases", declared.to_cases, payload, found)
            yield from _of(said, "to_cases", Accept | Decline)
            for became in (
                Accept(),
                Decline(reason=Reason.NOT_FOUND, text="tidak ditemukan"),
                Refusal(code="schema-violation", text="melanggar skema"),
            ):
                if declared.result_of is not None:
                    result = self._called("result_of", declared.result_of, payload, became)
                    # the hub numbers the rows
                    yield from self._written("result_of", declared.result, {**result, "number": 1})

    # --- documents ------------------------------------------------------------------------------------------------

    def _examples(self, document: str) -> Iterator[Payload]:
        for each in examples_of(document, self._library, soap=self._soap):
            if self._soap:
                yield self._library.xml(document).to_payload(etree.fromstring(each.data, _PARSER))
                continue
            said = parse_json(each.data, max_bytes=MAX_BYTES)
            if isinstance(said, dict):
                yield said

    def _written(self, function: str, document: str, payload: Payload) -> Iterator[str]:
        """What a mapping wrote, held to its schema and to the personal data that was agreed."""
        violations = self._violations(document, payload)
        if violations:
            first = violations[0]
            yield (
                f"{function} writes what {document} does not allow at {first.path or '/'} ({first.text}): change the "
                "mapping or, as long as it is not published, the schema"
            )
            return
        schema = self._library.document(document, soap=self._soap)
        beyond = excess(schema, payload, self._agreed.personal.fields)
        if beyond:
            yield (
                f"{function} sends personal data that the agreement does not permit, {beyond[0].path}: leave it out, "
                "or agree on it in personal_data.fields (UU 27/2022)"
            )

    def _violations(self, document: str, payload: Payload) -> tuple[Violation, ...]:
        if not self._soap:
            return self._library.json(document).check(payload)
        schema = self._library.xml(document)
        try:
            return schema.check(schema.to_element(payload))
        except SchemaViolation as misfit:
            return misfit.violations

    def _called(self, function: str, mapping: Callable[..., T], *arguments: object) -> T:
        try:
            return mapping(*arguments)
        except Refused as refusal:
            raise _Refuses(f"{function} refuses the sample: {refusal.text}") from refusal
        except GatewayError as error:
            raise _Broken(f"{function} ends in {error.code}: {error.text}") from error
        except Exception as error:
            raise _Broken(
                f"{function} raised {type(error).__name__} ({str(error)[:120]}); the hub would hold the message back "
                "until it is mended"
            ) from error


def _of(said: object, function: str, may_be: Any) -> Iterator[str]:
    if not isinstance(said, may_be):
        names = " or ".join(each.__name__ for each in getattr(may_be, "__args__", (may_be,)))
        yield f"{function} gives a {type(said).__name__}, expected was {names}"
