"""The one parser: what is refused, by which name, and what still passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.domain.errors import Malformed
from gateway.trust.xml import MAX_ATTRIBUTES, MAX_DECLARATIONS, MAX_DEPTH, MAX_NAMESPACES, canonical, parse_xml

LAUGHS = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;">]><a>&y;</a>'


def refused(data: bytes, max_bytes: int = 10_000) -> str:
    with pytest.raises(Malformed) as caught:
        parse_xml(data, max_bytes=max_bytes)
    return caught.value.code


def nested(depth: int) -> bytes:
    return b"<a>" * depth + b"</a>" * depth


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS,
        b'<!DOCTYPE a SYSTEM "http://agency.example/a.dtd"><a/>',
        b"<!DOCTYPE a><a/>",
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- first --><?pi?> <!DOCTYPE a><a/>',
    ],
)
def test_a_document_type_is_refused_wherever_the_prolog_holds_it(data: bytes) -> None:
    assert refused(data) == "dtd-forbidden"


def test_a_doctype_that_is_only_text_passes() -> None:
    assert parse_xml(b"<a><![CDATA[<!DOCTYPE a>]]></a>", max_bytes=100).text == "<!DOCTYPE a>"
    assert parse_xml(b"<!-- <!DOCTYPE a> --><a/>", max_bytes=100).tag == "a"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<a>",
        b"<a/><b/>",
        b"<a>&undeclared;</a>",
        b"<a>\xe9</a>",
        '<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="utf-16"?><a/>',
        b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>",
        b'<?xml version="1.0" encoding="utf-7"?>+ADw-a/>',
    ],
)
def test_what_is_not_well_formed_utf_8_is_refused(data: bytes) -> None:
    assert refused(data) == "xml-malformed"


@pytest.mark.parametrize("encoding", [b"UTF-8", b"utf-8", b"US-ASCII"])
def test_utf_8_by_any_of_its_names_passes(encoding: bytes) -> None:
    assert parse_xml(b'<?xml version="1.0" encoding="' + encoding + b'"?><a>x</a>', max_bytes=100).text == "x"


def test_size_is_bounded_at_the_exact_byte() -> None:
    assert parse_xml(b"<a>12</a>", max_bytes=9).text == "12"
    assert refused(b"<a>123</a>", max_bytes=9) == "body-too-large"


@given(st.integers(1, MAX_DEPTH))
def test_depth_up_to_the_bound_passes(depth: int) -> None:
    assert parse_xml(nested(depth), max_bytes=10_000).tag == "a"


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 255, 400, 1400])
def test_depth_beyond_the_bound_is_refused(depth: int) -> None:
    assert refused(nested(depth)) == "xml-too-deep"


def test_a_bound_of_depth_can_be_given() -> None:
    assert parse_xml(nested(3), max_bytes=100, max_depth=3).tag == "a"
    with pytest.raises(Malformed):
        parse_xml(nested(4), max_bytes=100, max_depth=3)


def test_comments_and_instructions_cannot_split_a_text() -> None:
    root = parse_xml(b"<a>10<!-- -->0<?pi x?>0</a>", max_bytes=100)
    assert root.text == "1000"
    assert len(root) == 0


def test_identifiers_mean_nothing_to_the_parser() -> None:
    assert len(parse_xml(b'<a><b xml:id="x"/><c xml:id="x"/></a>', max_bytes=100)) == 2


@given(st.permutations(['p="1"', 'q="2"', 'xmlns:z="urn:z"']), st.sampled_from(["", " ", "\n\t"]))
def test_canonical_form_does_not_depend_on_spelling(attributes: list[str], space: str) -> None:
    spelled = f"<a {' '.join(attributes)}{space}><b/>x&#38;y</a{space}>".encode()
    assert canonical(parse_xml(spelled, max_bytes=200)) == b'<a p="1" q="2"><b></b>x&amp;y</a>'


def test_canonical_form_of_a_part_leaves_its_surroundings_and_its_tail_out() -> None:
    part = parse_xml(b'<e xmlns="urn:d" xmlns:u="urn:u" xmlns:n="urn:n"><u:p k="n:v"/>tail</e>', max_bytes=200)[0]
    assert canonical(part) == b'<u:p xmlns:u="urn:u" k="n:v"></u:p>'
    assert canonical(part, ["n"]) == b'<u:p xmlns:n="urn:n" xmlns:u="urn:u" k="n:v"></u:p>'


def test_a_relative_namespace_name_has_no_canonical_form() -> None:
    with pytest.raises(Malformed) as caught:
        canonical(etree.fromstring(b'<a xmlns="relative"/>'))
    assert caught.value.code == "xml-malformed"


def attributed(count: int) -> bytes:
    said = " ".join(f"x{n}='1'" for n in range(count))
    return f"<a>{'<b/>' * 100}<c {said}/></a>".encode()


def prefixed(count: int, each: int = 1) -> bytes:
    """Elements inside each other that declare prefixes, `count` in all."""
    names = [" ".join(f"xmlns:p{n}-{m}='urn:{n}'" for m in range(each)) for n in range(count // each)]
    return "".join(f"<a {name}>" for name in names).encode() + b"</a>" * len(names)


def test_more_attributes_on_an_element_than_anybody_needs_are_refused() -> None:
    """The canonical form sorts them, in the square of their number."""
    assert len(parse_xml(attributed(MAX_ATTRIBUTES), max_bytes=10_000)) == 101
    assert refused(attributed(MAX_ATTRIBUTES + 1)) == "xml-too-wide"


def test_more_prefixes_in_scope_than_anybody_needs_are_refused() -> None:
    assert parse_xml(prefixed(MAX_NAMESPACES, 4), max_bytes=10_000).tag == "a"
    assert refused(prefixed(MAX_NAMESPACES + 4, 4)) == "xml-too-wide"


def test_prefixes_that_end_with_their_elements_may_be_many() -> None:
    assert len(parse_xml(b"<a>" + b"<p:b xmlns:p='urn:b'/>" * 500 + b"</a>", max_bytes=100_000)) == 500


def test_more_nodes_than_are_read_are_refused_before_anything_is_built() -> None:
    for content, most in (("<a/>", 19_990), ("<a b='1'/>", 19_980)):
        assert parse_xml(f"<r>{content * (most - 10)}</r>".encode(), max_bytes=10**6).tag == "r"
        assert refused(f"<r>{content * (most + 100)}</r>".encode(), max_bytes=10**6) == "xml-too-many-nodes"


def test_more_namespace_declarations_than_are_read_are_refused_wherever_they_stand() -> None:
    declared = "<p:b xmlns:p='urn:b'/>"
    assert len(parse_xml(f"<a>{declared * MAX_DECLARATIONS}</a>".encode(), max_bytes=10**6)) == MAX_DECLARATIONS
    assert refused(f"<a>{declared * (MAX_DECLARATIONS + 1)}</a>".encode(), max_bytes=10**6) == "xml-too-many-nodes"
