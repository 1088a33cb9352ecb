"""Files of records: read as a stream, resumed at any record, and what is none told apart from what is broken."""

from __future__ import annotations

import io
import json
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.validation.record_files import (
    MAX_RECORD_BYTES,
    BrokenFile,
    Place,
    ReadRecord,
    form_of,
    open_records,
)
from gateway.validation.record_files.xml_records import CHUNK

MEMBERS = ("a", "b")


BEGIN = Place()


def read(form: str, content: bytes, begin: Place = BEGIN) -> list[ReadRecord]:
    return list(open_records(form, io.BytesIO(content), begin, MEMBERS))


def before(form: str, content: bytes) -> tuple[list[ReadRecord], BrokenFile]:
    """What could be read before it broke."""
    records = open_records(form, io.BytesIO(content), BEGIN, MEMBERS)
    found: list[ReadRecord] = []
    with pytest.raises(BrokenFile) as broken:
        found.extend(records)
    return found, broken.value


TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=20).map(lambda text: f"x{text}")
RECORDS = st.lists(st.fixed_dictionaries({"a": TEXT}, optional={"b": TEXT}), min_size=1, max_size=12)


def written(form: str, records: list[dict[str, str]]) -> bytes:
    if form == "jsonl":
        return "\n".join(json.dumps(each) for each in records).encode()
    quoted = ('"' + each.get(name, "").replace('"', '""') + '"' for each in records for name in MEMBERS)
    return ("a,b\r\n" + "".join(f"{one},{two}\r\n" for one, two in zip(quoted, quoted, strict=True))).encode()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@given(records=RECORDS, data=st.data())
def test_a_file_resumed_behind_any_record_gives_the_rest(
    form: str, records: list[dict[str, str]], data: st.DataObject
) -> None:
    content = written(form, records)
    whole = read(form, content)
    assert [each.payload for each in whole] == records
    at = data.draw(st.integers(0, len(whole) - 1))
    assert read(form, content, Place(whole[at].number, whole[at].ends_at)) == whole[at + 1 :]


@given(records=RECORDS)
def test_xml_gives_its_records_as_text_by_local_name(records: list[dict[str, str]]) -> None:
    from lxml import etree

    root = etree.Element("{urn:t}list")
    for each in records:
        record = etree.SubElement(root, "{urn:t}record")
        for name, value in each.items():
            etree.SubElement(record, f"{{urn:t}}{name}").text = value
    assert [each.payload for each in read("xml", etree.tostring(root))] == records


def test_a_csv_row_that_does_not_fit_is_told_and_the_next_one_read() -> None:
    found = read("csv", b"\xef\xbb\xbfa,b\r\n1\r\n\r\n1,2,3\r\n,\r\n1,\r\n")
    assert [each.payload for each in found] == [{}, {}, {}, {"a": "1"}]
    assert [each.fault.rule if each.fault else "" for each in found] == ["columns", "columns", "", ""]


@pytest.mark.parametrize(
    ("content", "read_before"),
    [
        (b"", 0),
        (b"a,a\r\n1,2\r\n", 0),
        (b"a;b\r\n1;2\r\n", 0),
        (b'a,b\r\n1,2\r\n"1,2\r\n', 1),
        (b"a,b\r\n1," + b"2" * MAX_RECORD_BYTES + b"\r\n", 0),
    ],
    ids=["empty", "twice", "semicolons", "open-quote", "long"],
)
def test_a_csv_file_that_cannot_be_read_on_says_where(content: bytes, read_before: int) -> None:
    found, broken = before("csv", content)
    assert len(found) == read_before
    assert f"line {broken.line}" in broken.text


def test_a_csv_row_of_other_bytes_than_utf_8_stands_for_itself_with_its_quotes_and_commas() -> None:
    found = read("csv", b'a,b\r\n1,\xe9\r\n"2\xe9,\r\n",x\r\n3,\xc3\xa9\r\n')
    assert [each.payload for each in found] == [{}, {}, {"a": "3", "b": "\xe9"}]
    assert [each.fault.rule if each.fault else "" for each in found] == ["encoding", "encoding", ""]


@pytest.mark.parametrize("separator", [b";", b"\t"])
def test_columns_that_no_comma_separates_are_told_with_how_to_export_them(separator: bytes) -> None:
    _, broken = before("csv", separator.join((b"a", b"b")) + b"\r\n")
    assert "titik koma" in broken.text
    assert "CSV UTF-8 (Comma delimited)" in broken.text


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"<l><r x='1'><a>1</a></r><r><a>2</a></r></l>", "attributes"),
        (b"<l><r><a><b/></a></r><r><a>2</a></r></l>", "members"),
        (b"<l><r><a>1</a><a>1</a></r><r><a>2</a></r></l>", "members"),
    ],
    ids=["attribute", "element", "twice"],
)
def test_an_xml_record_of_another_shape_is_told_and_the_next_one_read(content: bytes, rule: str) -> None:
    first, second = read("xml", content)
    assert first.fault is not None
    assert first.fault.rule == rule
    assert second.payload == {"a": "2"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'<!DOCTYPE l [<!ENTITY e "e">]><l><r><a>&e;</a></r></l>', "document type"),
        (b"<l><r><a>&e;</a></r></l>", "not well-formed"),
        (b"<l><r><a>" + b"x" * (MAX_RECORD_BYTES + 2 * CHUNK) + b"</a></r></l>", "more than"),
        (b"<l>" + b"".join(b"<r><n%d>1</n%d></r>" % (each, each) for each in range(9000)) + b"</l>", "names"),
        (b"<l><r>" + b"<a>" * 300, "not well-formed"),
    ],
    ids=["dtd", "entity", "long", "names", "deep"],
)
def test_hostile_xml_is_not_read(content: bytes, said: str) -> None:
    _, broken = before("xml", content)
    assert said in broken.text


def test_xml_is_read_a_record_at_a_time_however_many_there_are() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def seek(self, target: int, whence: int = 0, /) -> int:
            return target

        def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # as a buffered reader calls it
            said = b"<l>\n" if self.given == 0 else b"<r><a>1</a></r>\n"
            buffer[: len(said)] = said
            self.given += len(said)
            return len(said)

    records = open_records("xml", io.BufferedReader(Endless(), 64), BEGIN, MEMBERS)
    assert [each.number for each in islice(records, 5000)] == list(range(1, 5001))


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff"), max_size=20)
XML_TEXT = ANY_TEXT.filter(lambda text: all(each >= " " or each in "\t\n\r" for each in text))


@pytest.mark.parametrize("form", ["csv", "jsonl", "xml"])
@given(data=st.data())
def test_what_is_written_is_read_back_as_it_was(form: str, data: st.DataObject) -> None:
    text = XML_TEXT if form == "xml" else ANY_TEXT
    records = data.draw(
        st.lists(st.fixed_dictionaries({"a": text.map("x{}".format)}, optional={"b": text}), max_size=9)
    )
    writer = form_of(form, MEMBERS)
    content = writer.head + b"".join(writer.row(writer.as_read(each)) for each in records) + writer.tail
    assert [each.payload for each in read(form, content)] == [writer.as_read(each) for each in records]


@pytest.mark.parametrize(("form", "text"), [("csv", "a\0"), ("xml", "\x01"), ("xml", "\uffff")])
def test_a_character_that_a_form_cannot_hold_is_refused(form: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"^a "):
        form_of(form, MEMBERS).row({"a": text})
    with pytest.raises(ValueError, match="no form"):
        form_of(text, MEMBERS)
