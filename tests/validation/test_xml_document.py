"""An element is held to its XSD, becomes a payload and comes back; violations tell the place and never the value."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lxml import etree

from gateway.contract.message import Json
from gateway.domain.errors import Misconfigured, SchemaViolation
from gateway.validation.xml_document import XmlDocument
from gateway.validation.xml_writing import MAX_VIOLATIONS

XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t"
 elementFormDefault="qualified"><xs:element name="Permit"><xs:complexType><xs:sequence>
<xs:element name="number" type="xs:token"/>
<xs:element name="fee" type="xs:decimal" minOccurs="0"/>
<xs:element name="at" type="xs:dateTime" minOccurs="0"/>
<xs:element name="day" type="xs:date" minOccurs="0"/>
<xs:element name="hour" type="xs:time" minOccurs="0"/>
<xs:element name="area" type="xs:integer" minOccurs="0"/>
<xs:element name="valid" type="xs:boolean" minOccurs="0"/>
<xs:element name="sex" minOccurs="0"><xs:simpleType><xs:restriction base="xs:token">
 <xs:enumeration value="L"/><xs:enumeration value="P"/></xs:restriction></xs:simpleType></xs:element>
<xs:element name="note" type="xs:string" minOccurs="0" maxOccurs="200"/>
<xs:element name="owner" minOccurs="0" maxOccurs="3"><xs:complexType><xs:sequence>
 <xs:element name="name" type="xs:string"/></xs:sequence><xs:attribute name="share" type="xs:int"/>
</xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element></xs:schema>"""


def made(folder: Path, xsd: str = XSD, **others: str) -> XmlDocument:
    (folder / "permit.xsd").write_text(xsd, encoding="utf-8")
    for name, text in others.items():
        (folder / f"{name}.xsd").write_text(text, encoding="utf-8")
    return XmlDocument("contoh/permit/1.0/permit", folder / "permit.xsd")


@pytest.fixture
def document(tmp_path: Path) -> XmlDocument:
    return made(tmp_path)


def permit(inside: str, attributes: str = "") -> etree._Element:
    return etree.fromstring(f'<Permit xmlns="urn:t" {attributes}>{inside}</Permit>')


def test_an_element_is_judged_where_it_stands_however_often(tmp_path: Path) -> None:
    document = made(tmp_path, XSD.replace('type="xs:int"/>', 'type="xs:int"/><xs:attribute name="key" type="xs:ID"/>'))

    def inside(area: str) -> etree._Element:
        owner = '<owner key="a"><name> A </name></owner>'
        text = f"<area>{area}</area>{owner}</Permit>after"
        return etree.fromstring(f'<x id="a"><y/><Permit xmlns="urn:t"><number>1</number>{text}<z/></x>')[1]

    good, bad = inside("7"), inside("seven")
    for _ in range(2):
        assert document.check(good) == ()
        assert document.to_payload(good) == {"number": "1", "area": 7, "owner": [{"name": " A ", "key": "a"}]}
        assert [each.path for each in document.check(bad)] == ["/Permit/area"]
    assert [each.tag for each in good.itersiblings()] == ["z"]


def test_it_knows_its_root_its_action_and_its_file(document: XmlDocument) -> None:
    assert document.id == "contoh/permit/1.0/permit"
    assert (document.root.namespace, document.root.localname) == ("urn:t", "Permit")
    assert document.action == "urn:t#Permit"
    assert document.files == {"permit.xsd": XSD.encode()}
    assert len(document.sha256) == 64
    assert document.personal_fields == {}


@pytest.mark.parametrize(
    ("good", "bad", "path", "rule"),
    [
        ("<number>1</number>", "", "/Permit", "element-content"),
        ("<number>1</number><area>7</area>", "<number>1</number><area>RAHASIA</area>", "/Permit/area", "datatype"),
        ("<number>1</number><sex>L</sex>", "<number>1</number><sex>RAHASIA</sex>", "/Permit/sex", "enumeration"),
        ("<number>1</number>", "<number>1</number><other>RAHASIA</other>", "/Permit/other", "element-content"),
        ("<number>1</number>", "RAHASIA<number>1</number>", "/Permit", "complex-type"),
        ("<number>1</number>", "<number>1<b>RAHASIA</b></number>", "/Permit/number", "type"),
        (
            '<number>1</number><owner share="1"><name>A</name></owner><owner><name>B</name></owner>',
            '<number>1</number><owner><name>A</name></owner><owner share="RAHASIA"><name>B</name></owner>',
            "/Permit/owner[2]",
            "datatype",
        ),
        (
            "<number>1</number>",
            '<number xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="RAHASIA">1</number>',
            "/Permit/number",
            "elt",
        ),
    ],
)
def test_a_rule_is_kept_or_broken_at_its_place_and_no_value_is_told(
    document: XmlDocument, good: str, bad: str, path: str, rule: str
) -> None:
    assert document.check(permit(good)) == ()
    violations = document.check(permit(bad))
    assert path in [each.path for each in violations]
    assert violations[0].rule.startswith(rule)
    assert "RAHASIA" not in repr(violations)


def test_an_attribute_that_is_not_agreed_is_named_without_its_value(document: XmlDocument) -> None:
    (violation,) = document.check(permit("<number>1</number>", 'nik="9999014506900001"'))
    assert "'nik' is not allowed" in violation.text
    assert "9999" not in violation.text


def test_another_root_is_not_the_document(document: XmlDocument) -> None:
    (violation,) = document.check(etree.fromstring('<Permit xmlns="urn:other"><number>1</number></Permit>'))
    assert (violation.path, violation.rule) == ("/Permit", "elt-1")


def test_an_element_is_checked_by_itself_wherever_it_hangs(document: XmlDocument) -> None:
    body = etree.fromstring('<Body><Permit xmlns="urn:t"><number/><area>x</area></Permit></Body>')
    assert [each.path for each in document.check(body[0])] == ["/Permit/area"]
    assert body[0].getparent() is body


def test_at_most_a_hundred_violations_are_told(document: XmlDocument) -> None:
    notes = "<note><b/></note>"
    assert len(document.check(permit(f"<number>1</number>{notes * 99}"))) == 99
    assert len(document.check(permit(f"<number>1</number>{notes * 150}"))) == MAX_VIOLATIONS == 100


WHOLE = (
    "<number>P-1</number><fee>12.30</fee><at>2026-03-02T09:00:00+07:00</at><day>2026-03-02</day><hour>10:00:00</hour>"
    '<area>120</area><valid>true</valid><note>a</note><note>b</note><owner share="3"><name>Siti Contoh</name></owner>'
)
PAYLOAD: dict[str, Json] = {
    "number": "P-1",
    "fee": "12.30",
    "at": "2026-03-02T09:00:00+07:00",
    "day": "2026-03-02",
    "hour": "10:00:00",
    "area": 120,
    "valid": True,
    "note": ["a", "b"],
    "owner": [{"name": "Siti Contoh", "share": 3}],
}


def test_an_element_becomes_a_payload_of_text_booleans_and_integers(document: XmlDocument) -> None:
    assert document.to_payload(permit(WHOLE)) == PAYLOAD


def test_a_payload_becomes_an_element_of_the_same_content(document: XmlDocument) -> None:
    element = document.to_element(PAYLOAD)
    assert document.check(element) == ()
    assert document.to_payload(element) == PAYLOAD
    assert etree.QName(element) == etree.QName("urn:t", "Permit")
    assert [each.text for each in element][:3] == ["P-1", "12.30", "2026-03-02T09:00:00+07:00"]


@pytest.mark.parametrize(("said", "meant"), [("1", True), ("0", False), ("false", False)])
def test_booleans_have_two_spellings_and_one_meaning(document: XmlDocument, said: str, meant: bool) -> None:
    assert document.to_payload(permit(f"<number>1</number><valid>{said}</valid>")) == {"number": "1", "valid": meant}


def test_what_is_absent_or_empty_is_absent(document: XmlDocument) -> None:
    assert document.to_payload(permit("<number> P-1 </number>")) == {"number": "P-1"}
    assert document.to_element({"number": "P-1", "note": []}).xpath("count(*)") == 1.0


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({}, "/"),
        ({"number": None}, "/Permit/number"),
        ({"number": 1}, "/Permit/number"),
        ({"number": "1", "area": "7"}, "/Permit/area"),
        ({"number": "1", "area": True}, "/Permit/area"),
        ({"number": "1", "valid": "true"}, "/Permit/valid"),
        ({"number": "1", "unheard": "RAHASIA"}, "/Permit/unheard"),
        ({"number": ["1", "RAHASIA"]}, "/Permit/number"),
        ({"number": "1", "note": "RAHASIA"}, "/Permit/note"),
        ({"number": "1", "owner": [{"name": "A"}, "RAHASIA"]}, "/Permit/owner[2]"),
        ({"number": "RAHASIA\x00"}, "/"),
    ],
)
def test_a_payload_that_does_not_fit_is_refused_without_its_values(
    document: XmlDocument, payload: dict[str, Json], path: str
) -> None:
    with pytest.raises(SchemaViolation) as caught:
        document.to_element(payload)
    assert caught.value.clause == document.id
    assert [each.path for each in caught.value.violations] == [path]
    assert "RAHASIA" not in caught.value.text + repr(caught.value.violations)


def test_one_document_serves_many_threads(document: XmlDocument) -> None:
    good, bad = permit(WHOLE), permit("<number>1</number><area>x</area>")

    def turn(number: int) -> bool:
        found = document.check(good if number % 2 else bad)
        return (found == ()) is bool(number % 2) and document.to_payload(document.to_element(PAYLOAD)) == PAYLOAD

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(turn, range(200)))


IMPORTING = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:c="urn:c" targetNamespace="urn:t"
 elementFormDefault="qualified"><xs:import namespace="urn:c" schemaLocation="{where}"/>
<xs:element name="Permit"><xs:complexType><xs:sequence><xs:element name="number" type="c:Number"/></xs:sequence>
</xs:complexType></xs:element></xs:schema>"""
COMMON = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:c">
<xs:include schemaLocation="{where}.xsd"/></xs:schema>"""
NUMBER = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:c">
<xs:include schemaLocation="common.xsd"/>
<xs:simpleType name="Number"><xs:restriction base="xs:token"><xs:maxLength value="3"/></xs:restriction></xs:simpleType>
</xs:schema>"""
PLAIN = NUMBER.replace('<xs:include schemaLocation="common.xsd"/>', "")


def test_the_import_closure_is_read_whole_and_once(tmp_path: Path) -> None:
    document = made(tmp_path, IMPORTING.format(where="common.xsd"), common=COMMON.format(where="number"), number=NUMBER)
    assert list(document.files) == ["permit.xsd", "common.xsd", "number.xsd"]
    assert document.to_payload(permit("<number>1</number>")) == {"number": "1"}
    assert [each.rule for each in document.check(permit("<number>1234</number>"))] == ["maxlength"]


def test_a_changed_import_is_another_document(tmp_path: Path) -> None:
    first = made(tmp_path, IMPORTING.format(where="common.xsd"), common=PLAIN)
    second = made(tmp_path, IMPORTING.format(where="common.xsd"), common=PLAIN.replace('"3"', '"4"'))
    assert first.sha256 != second.sha256


@pytest.mark.parametrize(
    "where", ["http://127.0.0.1:9/c.xsd", "../c.xsd", "/etc/c.xsd", "missing.xsd", "", "..\\c.xsd", "."]
)
def test_an_import_from_elsewhere_is_refused(tmp_path: Path, where: str) -> None:
    with pytest.raises(Misconfigured, match="only schemas beside it") as caught:
        made(tmp_path, IMPORTING.format(where=where))
    assert caught.value.code == "schema-unfit"


@pytest.mark.parametrize(
    ("xsd", "why"),
    [
        ("<nope", "not XML"),
        (XSD.replace("xs:decimal", "t:Missing"), "Missing"),
        (XSD.replace("</xs:schema>", '<xs:element name="Other" type="xs:token"/></xs:schema>'), "this has 2"),
        ('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>', "this has 0"),
        (XSD.replace("xs:decimal", "xs:double"), "xs:double"),
        (XSD.replace("xs:decimal", "xs:base64Binary"), "xs:base64Binary"),
        (XSD.replace('base="xs:token"', 'base="xs:gYear"'), "xs:gYear"),
        (XSD.replace("<xs:complexType>", '<xs:complexType mixed="true">', 1), "xs:complexType"),
        (XSD.replace("<xs:sequence>", '<xs:sequence maxOccurs="2">', 1), "xs:sequence"),
        (XSD.replace("</xs:sequence>", "<xs:any/></xs:sequence>", 1), "xs:any"),
    ],
)
def test_an_xsd_that_nothing_can_be_held_to_is_an_operators_business(tmp_path: Path, xsd: str, why: str) -> None:
    with pytest.raises(Misconfigured, match=why) as caught:
        made(tmp_path, xsd)
    assert caught.value.code == "schema-unfit"


def test_a_root_without_members_carries_no_payload(tmp_path: Path) -> None:
    root = '<xs:element name="Permit" type="xs:token"/>'
    space = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t"'
    document = made(tmp_path, f"<xs:schema {space}>{root}</xs:schema>")
    with pytest.raises(Misconfigured, match="no members"):
        document.to_payload(permit("x"))


def test_personal_fields_stand_in_a_sidecar_since_the_xsd_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "permit.personal.toml").write_text('[fields]\n"owner/name" = "name"\n', encoding="utf-8")
    assert made(tmp_path).personal_fields == {"owner/name": "name"}
