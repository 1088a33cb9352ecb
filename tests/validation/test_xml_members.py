"""Each element of a type is one member of its payload, wherever it stands there; an XSD without that is refused."""

from pathlib import Path

import pytest
from lxml import etree

from gateway.domain.errors import Misconfigured
from gateway.validation.xml_document import XmlDocument

A, OTHER_A, MANY_A, B, C = (
    f'<xs:element name="{name}" type="xs:string"{more}/>'
    for name, more in [
        ("a", ""),
        ("a", ' form="unqualified"'),
        ("a", ' form="unqualified" maxOccurs="unbounded"'),
        ("b", ""),
        ("c", ""),
    ]
)


def made(folder: Path, xsd: str) -> XmlDocument:
    (folder / "permit.xsd").write_text(xsd, encoding="utf-8")
    return XmlDocument("contoh/permit/1.0/permit", folder / "permit.xsd")


def permit(inside: str) -> etree._Element:
    return etree.fromstring(f'<Permit xmlns="urn:t">{inside}</Permit>')


def sharing(*parts: str, more: str = "") -> str:
    """An XSD whose element is a sequence of those parts."""
    space = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t" elementFormDefault="qualified"'
    kind = f"<xs:complexType><xs:sequence>{''.join(parts)}</xs:sequence></xs:complexType>"
    return f'<xs:schema {space}><xs:element name="Permit">{kind}</xs:element>{more}</xs:schema>'


def choice(*branches: str) -> str:
    return f"<xs:choice>{''.join(f'<xs:sequence>{each}</xs:sequence>' for each in branches)}</xs:choice>"


@pytest.mark.parametrize(
    "parts",
    [
        (choice(A, B), choice(MANY_A, C)),  # of two namespaces, one of them a list
        (choice(A, B), choice(OTHER_A, C)),
        (choice(A + B, B + A.replace("/>", ' maxOccurs="2"/>')),),  # a list in one branch alone
        (choice(B + A.replace("/>", ' maxOccurs="2"/>'), A + B),),
        (choice(A, B), choice(A, C)),  # there twice, and no list
        (A, B, A),
    ],
)
def test_an_xsd_with_two_elements_for_one_member_is_refused(tmp_path: Path, parts: tuple[str, ...]) -> None:
    with pytest.raises(Misconfigured, match="several elements") as caught:
        made(tmp_path, sharing(*parts))
    assert caught.value.code == "schema-unfit"


def test_an_element_may_stand_in_each_branch_of_a_choice(tmp_path: Path) -> None:
    document = made(tmp_path, sharing(choice(B + A, C + A)))
    for said in ({"b": "1", "a": "2"}, {"c": "1", "a": "2"}):
        element = permit("".join(f"<{name}>{value}</{name}>" for name, value in said.items()))
        assert document.check(element) == ()
        assert document.to_payload(element) == said


def test_named_types_may_stand_in_each_branch_of_a_choice(tmp_path: Path) -> None:
    short = '<xs:simpleType name="Short"><xs:restriction base="xs:token"/></xs:simpleType>'
    kind = f'<xs:complexType name="Kind"><xs:sequence>{A}</xs:sequence></xs:complexType>'
    more = (
        '<xs:complexType name="More"><xs:complexContent><xs:extension xmlns="urn:t" base="Kind">'
        f"<xs:sequence>{B}</xs:sequence></xs:extension></xs:complexContent></xs:complexType>"
    )
    shared = "".join(f'<xs:element name="{each}" xmlns="urn:t" type="{each}"/>' for each in ("Short", "Kind", "More"))
    document = made(tmp_path, sharing(choice(B + shared, C + shared), more=short + kind + more))
    inside = "<Short>s</Short><Kind><a>1</a></Kind><More><a>1</a><b>2</b></More>"
    said = {"Short": "s", "Kind": {"a": "1"}, "More": {"a": "1", "b": "2"}}
    for name in ("b", "c"):
        assert document.to_payload(permit(f"<{name}>x</{name}>{inside}")) == {name: "x"} | said


@pytest.mark.parametrize("kind", ["xs:int", "xs:boolean"])
def test_an_element_has_one_type_in_each_branch_of_a_choice(tmp_path: Path, kind: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        made(tmp_path, sharing(choice(B + A, C + A.replace("xs:string", kind))))
    assert caught.value.code == "schema-unfit"


def test_a_group_may_stand_in_each_branch_of_a_choice_and_not_twice(tmp_path: Path) -> None:
    group = f'<xs:group name="g"><xs:sequence>{A}</xs:sequence></xs:group>'
    use = '<xs:group xmlns="urn:t" ref="g"/>'
    document = made(tmp_path, sharing(choice(B + use, C + use), more=group))
    assert document.to_payload(permit("<c>1</c><a>2</a>")) == {"c": "1", "a": "2"}
    with pytest.raises(Misconfigured, match="several elements"):
        made(tmp_path, sharing(use, B, use, more=group))
