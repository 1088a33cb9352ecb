"""A document of texts is written after a form: it says what each payload says, and is refused as zeep refuses it."""

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.domain.errors import SchemaViolation
from gateway.validation.library import ACKNOWLEDGEMENT, SchemaLibrary, default_roots
from gateway.validation.xml_document import XmlDocument

NS = "urn:simojo:acknowledgement:1.0"
LEAST: dict[str, Any] = {"messageId": "m-1", "receivedAt": "2026-03-02T02:00:00Z"}
MIXED = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t" elementFormDefault="%s">
  <xs:element name="All"><xs:complexType><xs:sequence>
    %s
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""
NOTE = '<xs:element name="note" type="xs:string" minOccurs="0"/>'


@pytest.fixture
def acknowledgement() -> XmlDocument:
    """One that has written nothing yet."""
    return SchemaLibrary(default_roots()).xml(ACKNOWLEDGEMENT)


def made(folder: Path, members: str, form: str = "qualified") -> XmlDocument:
    path = folder / "all.xsd"
    path.write_text(MIXED % (form, members), encoding="utf-8")
    return XmlDocument("t/t/1.0/all", path)


def written(document: XmlDocument, payload: dict[str, Any]) -> str:
    return etree.tostring(document.to_element(payload)).decode()


def test_each_payload_is_written_with_its_own_values_and_members(acknowledgement: XmlDocument) -> None:
    for exchange in (None, "E-1", None, "E<&>\u00e9", ""):
        for number in ("m-1", "m-2"):
            payload = LEAST | {"messageId": number} | ({} if exchange is None else {"exchange": exchange})
            element = acknowledgement.to_element(dict(reversed(payload.items())))
            assert element.nsmap == {"ns0": NS}
            assert [(each.tag, each.text) for each in element] == [
                (f"{{{NS}}}{name}", payload[name])
                for name in ("messageId", "receivedAt", "exchange")
                if name in payload
            ]


def test_the_first_and_later_elements_are_the_same_bytes(acknowledgement: XmlDocument) -> None:
    first = written(acknowledgement, LEAST)
    assert first == (
        f'<ns0:Acknowledgement xmlns:ns0="{NS}"><ns0:messageId>m-1</ns0:messageId>'
        "<ns0:receivedAt>2026-03-02T02:00:00Z</ns0:receivedAt></ns0:Acknowledgement>"
    )
    assert written(acknowledgement, LEAST) == first


def test_what_is_no_xml_or_no_text_is_refused_before_and_after_others(acknowledgement: XmlDocument) -> None:
    for _ in range(2):
        for wrong in ({"messageId": "\x00"}, {"messageId": 1}, {"messageId": None}, {"else": "x"}):
            with pytest.raises(SchemaViolation):
                acknowledgement.to_element(LEAST | wrong)
        with pytest.raises(SchemaViolation):
            acknowledgement.to_element({"messageId": "m-1"})
        acknowledgement.to_element(LEAST)


@pytest.mark.parametrize("form", ["qualified", "unqualified"])
@pytest.mark.parametrize(
    ("member", "value"),
    [
        ('<xs:element name="count" type="xs:int"/>', 7),
        ('<xs:element name="yes" type="xs:boolean"/>', True),
        ('<xs:element name="many" type="xs:string" maxOccurs="2"/>', ["a", "b"]),
        ('<xs:element name="text" type="xs:string"/>', " a\n"),
        ('<xs:choice><xs:element name="a" type="xs:string"/><xs:element name="b" type="xs:string"/></xs:choice>', "x"),
    ],
)
def test_other_documents_are_written_alike_each_time(tmp_path: Path, member: str, value: Any, form: str) -> None:
    document = made(tmp_path, member + NOTE, form)
    name = etree.fromstring(member.replace("xs:", "")).xpath("string(descendant-or-self::element/@name)")
    for payload in ({name: value}, {name: value, "note": "n"}):
        first, second = (document.to_element(payload) for _ in range(2))
        assert etree.tostring(first) == etree.tostring(second)
        assert document.check(second) == ()
        assert document.to_payload(second) == payload


def test_what_is_written_of_members_that_nobody_gave_is_written_each_time(tmp_path: Path) -> None:
    document = made(tmp_path, '<xs:element name="kind" type="xs:string" default="k"/>' + NOTE)
    for note in ("a", "b", "c"):
        assert document.to_payload(document.to_element({"note": note})) == {"kind": "k", "note": note}
    assert document.to_payload(document.to_element({"note": "d", "kind": "x"})) == {"kind": "x", "note": "d"}
