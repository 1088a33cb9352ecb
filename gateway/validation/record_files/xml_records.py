"""XML: one element for each record, read by a parser that is fed and never holds more than one of them.

Nothing is looked up and nothing unfolded: no document type, no entity, no network. libxml2 keeps every name that it
met, so those of a file have at most `MAX_NAME_CHARACTERS`. XML cannot be read from its middle: who resumes reads from
the beginning again, and passes over what is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from lxml import etree

from gateway.contract.message import Json
from gateway.domain.errors import Violation
from gateway.validation.record_files.records import MAX_RECORD_BYTES, BrokenFile, ReadRecord, Source, unfit

CHUNK = 16 * 1024
MAX_NAME_CHARACTERS = 16 * 1024
"""Characters of all names in one file, each name counted once."""


def xml_records(source: Source) -> Iterator[ReadRecord]:
    """The records of an XML file, all of them.

    A record with an attribute, an element in a member or a member twice is one with a fault. `ends_at` is the byte up
    to which the parser was fed: it tells how far the reading is, not where the next record begins. Raises BrokenFile.
    """
    reading = _Reading()
    source.seek(0)
    while chunk := source.read(CHUNK):
        yield from reading.feed(chunk)
    reading.close()


class _Reading:
    """One file on its way through the parser."""

    def __init__(self) -> None:
        self._parser = etree.XMLPullParser(
            ("start", "end"),
            encoding="utf-8",
            resolve_entities=False,
            load_dtd=False,
            dtd_validation=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            collect_ids=False,
        )
        self._root: etree._Element | None = None
        self._depth = 0
        self._fed = 0
        self._last_end = 0
        self._number = 0
        self._names: set[str] = set()
        self._kept = 0

    def feed(self, chunk: bytes) -> Iterator[ReadRecord]:
        """Read on; gives the records that end in the chunk. Those before a fault stand."""
        begins = self._fed
        self._fed += len(chunk)
        with suppress(etree.XMLSyntaxError):  # some faults are raised, all are in the log
            self._parser.feed(chunk)
        faults = [each for each in self._parser.feed_error_log if each.level >= etree.ErrorLevels.ERROR]
        yield from self._events()
        if faults:
            said = _plain(faults[0].message)
            raise BrokenFile(f"this is not well-formed XML in UTF-8 ({said})", line=faults[0].line, byte=begins)
        if self._fed - self._last_end > MAX_RECORD_BYTES + CHUNK:
            raise BrokenFile(f"a record has more than {MAX_RECORD_BYTES} bytes", line=0, byte=self._last_end)

    def close(self) -> None:
        """The file is over. Raises BrokenFile where its document is not."""
        try:
            self._parser.close()
        except etree.XMLSyntaxError as error:
            said = _plain(error.msg or "")
            raise BrokenFile(f"the file ends before its document does ({said})", line=0, byte=self._fed) from None

    def _events(self) -> Iterator[ReadRecord]:
        for event, element in self._parser.read_events():
            if event == "start":
                self._depth += 1
                if self._root is None:
                    self._root = element
                    self._refuse_document_type(element)
                continue
            self._depth -= 1
            if self._depth == 1:
                self._number += 1
                self._last_end = self._fed
                self._note_names(element)
                payload, fault = _members(element)
                yield ReadRecord(number=self._number, ends_at=self._fed, payload={} if fault else payload, fault=fault)
                self._forget(element)

    def _refuse_document_type(self, root: etree._Element) -> None:
        if root.getroottree().docinfo.internalDTD is not None:
            raise BrokenFile("the document has a document type (DTD): send it without one", line=1, byte=0)

    def _note_names(self, record: etree._Element) -> None:
        for each in record.iter():
            for name in (str(each.tag), *map(str, each.attrib)):
                if name not in self._names:
                    self._names.add(name)
                    self._kept += len(name)
        if self._kept > MAX_NAME_CHARACTERS:
            text = f"elements and attributes have more than {MAX_NAME_CHARACTERS} characters of names"
            raise BrokenFile(text, line=0, byte=self._last_end)

    def _forget(self, record: etree._Element) -> None:
        """Let go of a record that is done, and of what stood before it: not of what the parser is still at."""
        if self._root is not None:
            self._root.remove(record)
            self._root.text = None


def _members(record: etree._Element) -> tuple[dict[str, Json], Violation | None]:
    members: dict[str, Json] = {}
    if record.attrib:
        return {}, unfit("attributes", "expected no attribute on a record")
    for child in record:
        name = etree.QName(child).localname
        if len(child) or child.attrib:
            return {}, unfit("members", f"expected text alone in {name[:60]}")
        if name in members:
            return {}, unfit("members", f"expected {name[:60]} once")
        if child.text:
            members[name] = child.text
    return members, None


def _plain(message: str) -> str:
    """What libxml2 says of a fault, on one line, without what came and cannot be shown."""
    return "".join(each if each.isprintable() else "?" for each in " ".join(message.split()))[:200]
