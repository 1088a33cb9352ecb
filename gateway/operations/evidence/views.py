"""What is shown of a message: its agreed content with personal values masked, and its headers.

What is not known is not shown. A message is shown when it keeps to the schema that was agreed for it, since only then
do the schema's `x-personal` marks (for an XSD its sidecar) say which values are personal: UU 27/2022. Headers are
shown by name, and their values for names that say nothing about persons. A path is shown as its interaction declares
it: BSrE's `api/user/status/{nik}` has the NIK in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.contract.adapter import Adapter
from gateway.contract.agreement import AgreedInteraction, from_canonical
from gateway.domain.errors import GatewayError
from gateway.operations.evidence.holding import Holding
from gateway.store.reading import Reader
from gateway.store.tables import ExchangeRow
from gateway.trust.xml import parse_xml
from gateway.validation.json_parse import parse_json
from gateway.validation.library import ACKNOWLEDGEMENT, SchemaLibrary
from gateway.validation.minimise import MASKED, mask

MAX_BYTES = 16 * 2**20
"""A message beyond this is not laid out, whatever its agreement allows; its exact bytes are in the bundle."""

HARMLESS_HEADERS = frozenset(
    {
        "accept", "accept-encoding", "accept-language", "connection", "content-language", "content-length",
        "content-type", "date", "retry-after", "server", "soapaction", "transfer-encoding", "user-agent",
        "x-timestamp", ":method", ":status",
    }
)  # fmt: skip

_MESSAGE = re.compile(r"(request|answer-body|answer|answer-at-\d+|sent-\d+|reply-\d+)(-plain)?")


@dataclass(frozen=True)
class View:
    """How one message is shown. `payload` is masked; None with `why` where it is not shown."""

    name: str
    payload: Any
    why: str
    headers: Mapping[str, str]


class Views:
    """Shows messages. `adapters` say how paths look, by agency."""

    def __init__(
        self, reader: Reader, holding: Holding, library: SchemaLibrary, adapters: Mapping[str, Adapter]
    ) -> None:
        self._reader = reader
        self._holding = holding
        self._library = library
        self._adapters = adapters

    def of(self, row: ExchangeRow) -> list[View]:
        """The messages of an exchange, masked. One body is in memory at a time."""
        names = self._holding.names(row)
        agreed = self.agreed(row)
        found = []
        for name in names:
            if _MESSAGE.fullmatch(name) is None or f"{name}-plain" in names:
                continue  # what travelled encrypted is shown by its plaintext
            if name.startswith("answer") and name != "answer-body" and "answer-body" in names:
                continue  # the sealed answer says what its business body says
            body = self._holding.part(row, name)
            payload, why = (
                (None, self._holding.why_gone(row)) if body is None else self._masked(row, agreed, name, body)
            )
            found.append(View(name, payload, why, self._headers(row, name)))
        return sorted(found, key=_in_order)

    def agreed(self, row: ExchangeRow) -> AgreedInteraction | None:
        """What was agreed for an exchange; None where no agreement covered it."""
        name, _, version = (row.agreement or "").partition("/")
        stored = self._reader.agreement(name, version)
        if stored is None:
            return None
        return next((each for each in from_canonical(stored.body).interactions if each.name == row.interaction), None)

    def _masked(self, row: ExchangeRow, agreed: AgreedInteraction | None, name: str, body: bytes) -> tuple[Any, str]:
        if not body:
            return None, "kosong"
        if agreed is None:
            return None, "tidak ada perjanjian yang mencakupnya"
        if len(body) > MAX_BYTES:
            return None, f"terlalu besar untuk ditampilkan ({len(body)} bita)"
        for document in _documents(row, agreed, name):
            try:
                payload = self._read(document, body, soap=agreed.transport.is_soap)
            except (GatewayError, ValueError, RecursionError):
                continue
            if payload is not None:
                return payload, ""
        return None, "tidak sesuai skema yang disepakati, jadi tidak diketahui mana data pribadi"

    def _read(self, document: str, body: bytes, *, soap: bool) -> Any:
        if soap:
            schema = self._library.xml(document)
            element = _content(parse_xml(body, max_bytes=MAX_BYTES))
            return None if element is None or schema.check(element) else mask(schema, schema.to_payload(element))
        agreed = self._library.json(document)
        said: Any = parse_json(body, max_bytes=MAX_BYTES, inexact_as_text=True)
        return None if agreed.check(said) or not isinstance(said, dict) else mask(agreed, said)

    def _headers(self, row: ExchangeRow, name: str) -> dict[str, str]:
        beside = self._holding.part(row, f"{name.removesuffix('-body').removesuffix('-plain')}-headers")
        if beside is None:
            return {}
        said = json.loads(beside)
        flat = {**said.get("headers", {}), ":status": said["status"]} if "headers" in said else said
        return {each: self._header(row, each, str(value)) for each, value in flat.items()}

    def _header(self, row: ExchangeRow, name: str, value: str) -> str:
        if name == ":path":
            return self._path(row)
        return value if name.lower() in HARMLESS_HEADERS else MASKED

    def _path(self, row: ExchangeRow) -> str:
        adapter = self._adapters.get(row.agency)
        declared = () if adapter is None else adapter.interactions
        paths = {each.path for each in declared if each.name == row.interaction}
        return f".../{paths.pop()}" if len(paths) == 1 else MASKED


def _in_order(view: View) -> tuple[int, bool]:
    """A question before its answer, an attempt after the one before."""
    kind, _, rest = view.name.partition("-")
    number = rest.partition("-")[0]
    return int(number) if number.isdecimal() else 0, kind in ("answer", "reply")


def _documents(row: ExchangeRow, agreed: AgreedInteraction, name: str) -> list[str]:
    """The schemas that a message may keep to, by who says it and whether it is a question or an answer."""
    is_question = name.startswith(("request", "sent"))
    if not is_question:
        wanted = [agreed.reply, ACKNOWLEDGEMENT]
    elif row.direction == "in" and agreed.answer is not None:
        wanted = [agreed.answer]  # the callback of a Request
    else:
        wanted = [agreed.request]
    return [each for each in wanted if each is not None]


def _content(root: etree._Element) -> etree._Element | None:
    """The first element in a SOAP body; the root itself where it is no envelope."""
    if etree.QName(root).localname != "Envelope":
        return root
    space = etree.QName(root).namespace
    body = root.find(f"{{{space}}}Body")
    return None if body is None else next(body.iterchildren(etree.Element), None)
