"""What is read from an element is what was checked, whatever its prefixes, blanks and comments."""

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.domain.errors import SchemaViolation
from gateway.validation.library import SchemaLibrary, default_roots
from gateway.validation.xml_document import XmlDocument

NS = "urn:simojo:dpupr:technical-recommendation:answer:1.0"
ANSWER = SchemaLibrary(default_roots()).xml("dpupr/technical-recommendation/1.0/answer")
PAYLOAD: dict[str, Any] = {
    "case": "K-1",
    "number": "600/1",
    "date": "2026-03-05",
    "favourable": True,
    "official": "Budi Contoh",
}

KINDS = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t"
    elementFormDefault="qualified">
  <xs:element name="All"><xs:complexType>
    <xs:sequence>
      <xs:element name="count" type="xs:integer" minOccurs="0" maxOccurs="3"/>
      <xs:element name="amount" type="xs:decimal" minOccurs="0"/>
      <xs:element name="at" type="xs:dateTime" minOccurs="0"/>
      <xs:element name="raw" type="xs:string" minOccurs="0"/>
      <xs:element name="line" type="xs:normalizedString" minOccurs="0"/>
      <xs:element name="token" type="xs:token" minOccurs="0"/>
      <xs:element name="part" minOccurs="0" maxOccurs="2"><xs:complexType>
        <xs:all>
          <xs:element name="yes" type="xs:boolean"/>
          <xs:element name="size" type="xs:long" minOccurs="0"/>
        </xs:all>
      </xs:complexType></xs:element>
    </xs:sequence>
    <xs:attribute name="page" type="xs:int"/>
  </xs:complexType></xs:element>
</xs:schema>"""


def answer(prefix: str = "", **said: str) -> etree._Element:
    """An answer inside an envelope that declares its prefixes, as SOAP brings it."""
    values = {"case": "K-1", "number": "600/1", "date": "2026-03-05", "favourable": "true", "official": "B"} | said
    colon = f"{prefix}:" if prefix else ""
    inner = "".join(f"<{colon}{name}>{value}</{colon}{name}>" for name, value in values.items())
    declared = f'xmlns:{prefix}="{NS}"' if prefix else f'xmlns="{NS}"'
    root = f"<{colon}RecommendationAnswer>{inner}</{colon}RecommendationAnswer>"
    return etree.fromstring(f"<Body {declared}>{root}</Body>")[0]


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> XmlDocument:
    path: Path = tmp_path_factory.mktemp("kinds") / "all.xsd"
    path.write_text(KINDS, encoding="utf-8")
    return XmlDocument("t/t/1.0/all", path)


def read(kinds: XmlDocument, inner: str, attributes: str = "") -> Any:
    element = etree.fromstring(f'<All xmlns="urn:t" {attributes}>{inner}</All>')
    assert kinds.check(element) == ()
    return kinds.to_payload(element)


@pytest.mark.parametrize("prefix", ["", "t"])
def test_a_violation_is_named_by_local_names_whatever_the_prefix(prefix: str) -> None:
    assert ANSWER.check(answer(prefix)) == ()
    (violation,) = ANSWER.check(answer(prefix, date="9999014506900001"))
    assert (violation.path, "9999" in violation.text) == ("/RecommendationAnswer/date", False)


@pytest.mark.parametrize("prefix", ["", "t"])
def test_a_repeated_element_is_named_with_its_number(prefix: str) -> None:
    element = answer(prefix)
    for text in ("one", ""):
        etree.SubElement(element, f"{{{NS}}}condition").text = text
    assert [each.path for each in ANSWER.check(element)] == ["/RecommendationAnswer/condition[2]"]


def test_another_root_is_named_at_the_root() -> None:
    (violation,) = ANSWER.check(etree.fromstring(f'<Other xmlns="{NS}"/>'))
    assert violation.path == "/Other"


@pytest.mark.parametrize(
    ("text", "favourable"),
    [
        ("true", True),
        (" 1\n", True),
        ("tr<!-- x -->ue", True),
        ("<?x?>true", True),
        ("<!-- true -->false", False),
        ("0", False),
    ],
)
def test_comments_and_blanks_change_no_meaning(text: str, favourable: bool) -> None:
    element = answer(favourable=text)
    before = etree.tostring(element)
    assert ANSWER.check(element) == ()
    assert ANSWER.to_payload(element)["favourable"] is favourable
    assert etree.tostring(element) == before


def test_a_comment_hides_no_member() -> None:
    element = answer(official="<!-- -->Budi Contoh<!-- -->")
    assert ANSWER.to_payload(element)["official"] == "Budi Contoh"


def test_a_type_is_found_by_a_prefix_of_the_envelope() -> None:
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    element = answer("t")
    element.set(f"{{{xsi}}}type", "t:RecommendationAnswer")
    assert ANSWER.check(element) == ()
    element.set(f"{{{xsi}}}type", "t:Other")
    assert ANSWER.check(element) != ()


@pytest.mark.parametrize(
    ("inner", "payload"),
    [
        ("<count>-7</count>", {"count": [-7]}),
        ("<count> 007 </count><count>+8</count>", {"count": [7, 8]}),
        ("<amount>1.50</amount>", {"amount": "1.50"}),
        ("<at>2026-03-02T24:00:00Z</at>", {"at": "2026-03-02T24:00:00Z"}),
        ("<at>2026-03-02T09:00:00.123456789+07:00</at>", {"at": "2026-03-02T09:00:00.123456789+07:00"}),
        ("<raw> a\n b </raw>", {"raw": " a\n b "}),
        ("<raw/>", {"raw": ""}),
        ("<line> a\n b </line>", {"line": " a  b "}),
        ("<token> a\n b </token>", {"token": "a b"}),
        ("<part><yes>1</yes></part><part><yes>0</yes></part>", {"part": [{"yes": True}, {"yes": False}]}),
        ("", {}),
    ],
)
def test_each_type_has_its_form_in_json(kinds: XmlDocument, inner: str, payload: dict[str, Any]) -> None:
    assert read(kinds, inner) == payload
    element = kinds.to_element(payload)
    assert kinds.check(element) == ()
    assert kinds.to_payload(element) == payload


def test_an_attribute_is_a_member(kinds: XmlDocument) -> None:
    assert read(kinds, "", 'page="3"') == {"page": 3}
    assert kinds.to_payload(kinds.to_element({"page": 3})) == {"page": 3}


def test_an_integer_that_a_reader_may_round_is_refused(kinds: XmlDocument) -> None:
    assert read(kinds, f"<count>{2**53 - 1}</count>") == {"count": [2**53 - 1]}
    for text in (str(2**53), "9" * 5000):
        with pytest.raises(SchemaViolation) as caught:
            read(kinds, f"<count>{text}</count>")
        assert [each.path for each in caught.value.violations] == ["/All/count"]
        assert text not in caught.value.text + caught.value.violations[0].text


@pytest.mark.parametrize(
    ("inner", "attributes", "path"),
    [
        (f"<part><yes>1</yes></part><part><yes>1</yes><size>{2**53}</size></part>", "", "/All/part/size"),
        ("<count>1</count>", 'page="99999999999999999"', "/All/@page"),
    ],
)
def test_what_is_wrong_with_a_number_is_told_with_the_way_to_it(
    kinds: XmlDocument, inner: str, attributes: str, path: str
) -> None:
    with pytest.raises(SchemaViolation) as caught:
        kinds.to_payload(etree.fromstring(f'<All xmlns="urn:t" {attributes}>{inner}</All>'))
    assert [each.path for each in caught.value.violations] == [path]


@pytest.mark.parametrize("inner", ["<yes>1</yes><size>5</size>", "<size>5</size><yes>1</yes>"])
def test_members_stand_in_the_order_of_the_schema(kinds: XmlDocument, inner: str) -> None:
    (part,) = read(kinds, f"<part>{inner}</part>")["part"]
    assert list(part.items()) == [("yes", True), ("size", 5)]


def test_a_payload_becomes_an_element_that_keeps_to_the_xsd() -> None:
    element = ANSWER.to_element(PAYLOAD)
    assert ANSWER.check(element) == ()
    assert ANSWER.to_payload(element) == PAYLOAD


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"nik": "9999014506900001"}, "/RecommendationAnswer/nik"),
        ({"favourable": "tidak"}, "/RecommendationAnswer/favourable"),
        ({"favourable": 1}, "/RecommendationAnswer/favourable"),
        ({"number": 600}, "/RecommendationAnswer/number"),
        ({"official": None}, "/RecommendationAnswer/official"),
        ({"condition": "one"}, "/RecommendationAnswer/condition"),
        ({"condition": ["one", 2]}, "/RecommendationAnswer/condition[2]"),
    ],
)
def test_a_payload_that_does_not_fit_is_refused_at_its_member(members: dict[str, Any], path: str) -> None:
    with pytest.raises(SchemaViolation) as caught:
        ANSWER.to_element(PAYLOAD | members)
    assert [each.path for each in caught.value.violations] == [path]
    assert "9999" not in str(caught.value.violations)


def test_a_part_is_members(kinds: XmlDocument) -> None:
    with pytest.raises(SchemaViolation) as caught:
        kinds.to_element({"part": ["yes"]})
    assert [each.path for each in caught.value.violations] == ["/All/part[1]"]


def test_a_missing_member_is_refused() -> None:
    with pytest.raises(SchemaViolation):
        ANSWER.to_element({name: value for name, value in PAYLOAD.items() if name != "case"})
