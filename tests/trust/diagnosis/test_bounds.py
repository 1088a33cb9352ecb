"""Explanations raise nothing, end in bounded work, show no more than they may, and are used for explaining alone."""

from __future__ import annotations

import ast
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import gateway
from gateway.domain.errors import Refused
from gateway.trust.diagnosis import Mistake, explain_envelope, explain_jws, violations
from gateway.trust.diagnosis.budget import MAX_BYTES, Budget
from gateway.trust.diagnosis.difference import between
from gateway.trust.diagnosis.finding import MAX_TEXT
from gateway.trust.diagnosis.mistakes import MISTAKES
from gateway.trust.keys import SigningKey
from tests.trust.diagnosis.sloppy import digested, explained, failed, finish, inclusive, tree
from tests.trust.diagnosis.sloppy_jws import BODY, jws
from tests.trust.parties import AT, BUSINESS, envelope, key, one, registered, sign, signed, verify

PATIENCE_S = 5.0
"""Far more than an explanation takes (0.1 s on an idle machine), far less than an unbounded one would."""


@settings(max_examples=150, deadline=PATIENCE_S * 1000)
@given(st.binary(max_size=2000))
def test_any_bytes_are_explained(data: bytes) -> None:
    assert failed(explain_envelope(data, [registered(key())], AT))


@settings(max_examples=200, deadline=PATIENCE_S * 1000)
@given(st.integers(0, len(signed()) - 1), st.integers(0, 40), st.binary(max_size=40))
def test_a_damaged_envelope_is_explained(at: int, gone: int, put: bytes) -> None:
    data = signed()[:at] + put + signed()[at + gone :]
    findings = explain_envelope(data, [registered(key())], AT)
    try:
        verify(data)
    except Refused:
        assert failed(findings)
    else:
        assert not failed(findings)


@settings(max_examples=200, deadline=PATIENCE_S * 1000)
@given(
    st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")), st.binary(max_size=300)
)
def test_any_field_and_body_are_explained(field: str, body: bytes) -> None:
    assert failed(explain_jws(field, body, [registered(key("rsa"))], AT, "dpmptsp"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists, max_leaves=20
)


@settings(max_examples=100, deadline=PATIENCE_S * 1000)
@given(
    st.dictionaries(st.sampled_from(["alg", "x5t#S256", "iss", "iat", "exp", "jwk", "x5c", "crit", "kid"]), JSON), JSON
)
def test_any_header_and_json_body_are_explained(header: dict[str, Any], body: object) -> None:
    field = jws(**{name: value for name, value in header.items() if value is not None})
    explain_jws(field, json.dumps(body).encode(), [registered(key("rsa"))], AT, "dpmptsp")


@settings(max_examples=100, deadline=PATIENCE_S * 1000)
@given(st.integers(0, len(jws()) - 1), st.integers(0, 20), st.text(max_size=10))
def test_a_damaged_field_is_explained(at: int, gone: int, put: str) -> None:
    field = jws()
    explain_jws(field[:at] + put + field[at + gone :], BODY, [registered(key("rsa"))], AT, "dpmptsp")


def big(signer: SigningKey, size: int) -> bytes:
    root = envelope()
    content = one(root, "//b:Recommendation")
    for number in range(size // 40):
        etree.SubElement(content, f"{{{BUSINESS}}}item").text = f"nilai {number:08} é"
    return sign(root, signer)


@pytest.mark.parametrize("kind", ["rsa", "p384"])
def test_the_largest_message_that_is_explained_is_explained_in_bounded_time(kind: str) -> None:
    data = big(key(kind), 320_000).replace(b"nilai 00000017", b"nilai 00000018", 1)
    assert MAX_BYTES * 0.8 < len(data) <= MAX_BYTES
    begun = time.process_time()
    findings = explained(data, key(kind))
    assert time.process_time() - begun < PATIENCE_S
    assert "none of" in next(each for each in findings if not each.passed).found


def test_many_parts_that_all_fail_share_one_budget() -> None:
    root = etree.fromstring(big(key("rsa"), 200_000))
    for each in root.iterfind(".//{http://www.w3.org/2000/09/xmldsig#}DigestValue"):
        each.text = "A" * 43 + "="
    begun = time.process_time()
    findings = explain_envelope(finish(root), [registered(key("rsa"))], AT, budget=Budget(octets=4 * 2**20))
    assert time.process_time() - begun < PATIENCE_S
    assert any("too large" in each.found for each in findings)


@pytest.mark.parametrize(
    ("declarations", "elements", "attributes", "references"),
    [
        (1000, 20_000, 0, 1),
        (60, 4_000, 0, 30),
        (0, 10, 15_000, 1),
        (0, 10, 900, 30),
        (0, 10, 190, 30),
        (0, 40_000, 0, 30),
    ],
)
def test_what_makes_canonical_forms_dear_is_not_tried_or_ends(
    declarations: int, elements: int, attributes: int, references: int
) -> None:
    root = tree()
    names = " ".join(f'xmlns:p{number}="u:{number}"' for number in range(declarations))
    more = " ".join(f'a{number}=""' for number in range(attributes))
    body = one(root, "//soap:Body")
    body.append(etree.fromstring(f"<x {names} {more}>{'<a/>' * elements}</x>"))
    info = one(root, "//ds:SignedInfo")
    for _ in range(references - 1):
        info.append(etree.fromstring(etree.tostring(one(root, "//ds:Reference[@URI='#sj-body'][1]"))))
    data = etree.tostring(root)
    assert len(data) <= MAX_BYTES
    begun = time.process_time()
    assert failed(explain_envelope(data, [registered(key("rsa"))], AT))
    assert time.process_time() - begun < PATIENCE_S


def test_a_message_beyond_the_bound_is_not_tried() -> None:
    data = big(key("rsa"), 500_000)
    (found,) = explain_envelope(data, [registered(key("rsa"))], AT)
    assert "not tried: too large" in found.found
    (found,) = explain_jws(jws(), b"x" * (MAX_BYTES + 1), [registered(key("rsa"))], AT, "dpmptsp")
    assert "not tried: too large" in found.found


def test_a_deep_body_is_explained() -> None:
    body = b"[" * 5000 + b"]" * 5000
    assert failed(explain_jws(jws(), body, [registered(key("rsa"))], AT, "dpmptsp"))


def test_values_are_masked_unless_the_reader_is_the_sender() -> None:
    root = tree(envelope(text="Budi Contoh 3576"))
    findings = explained(digested(inclusive, root=root))
    hidden = "\n".join(each.text for each in violations(findings, masked=True))
    assert "Budi" not in hidden
    difference = between(b"<a>Budi Contoh 3576</a>", b"<a>Budi Contoh 3577</a>", xml=True)
    assert difference is not None
    assert "Budi" not in "".join(difference.lines(masked=True))
    assert "+ 3577" in difference.lines(masked=False)[3]
    assert "+ 0000" in difference.lines(masked=True)[3]


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "NIK 3576 Siti"},
        {"aud": "NIK 3576 Siti"},
        {"iat": "NIK 3576 Siti"},
        {"alg": "NIK 3576 Siti"},
        {"x5t#S256": "NIK 3576 Siti"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_came_in_a_header_is_masked_too(changes: dict[str, Any]) -> None:
    findings = explain_jws(jws(**changes), BODY, [registered(key())], AT, "dpmptsp", agency="dpupr")
    for masked, words in ((True, "xxx 0000 xxxx"), (False, "NIK 3576 Siti")):
        told = "\n".join(each.text for each in violations(findings, masked=masked))
        assert words in told
        assert ("Siti" in told, "3576" in told) == (not masked, not masked)


@pytest.mark.parametrize(
    ("place", "attribute"),
    [
        ("(//ds:Reference)[1]", "URI"),
        ("(//ds:DigestMethod)[1]", "Algorithm"),
        ("(//ds:DigestValue)[1]", ""),
        ("//wsu:Created", ""),
    ],
)
def test_what_came_in_an_envelope_is_masked_too(place: str, attribute: str) -> None:
    root = tree()
    element = one(root, place)
    if attribute:
        element.set(attribute, "#NIK 3576 Siti" + "\n" * (attribute == "URI"))
    else:
        element.text = "NIK 3576 Siti"
    findings = explained(finish(root))
    for masked in (True, False):
        told = "\n".join(each.text for each in violations(findings, masked=masked))
        assert "0000 xxxx" in told or not masked
        assert ("Siti" in told, "3576" in told) == (not masked, not masked)


def test_a_strangers_name_is_masked() -> None:
    findings = explained(sign(envelope(), key("rsa", 1)), key())
    assert "CN=Dinas Contoh" in "".join(each.text for each in violations(findings, masked=False))
    assert "CN=Dinas Contoh" not in "".join(each.text for each in violations(findings, masked=True))


@pytest.mark.parametrize(
    "hidden",
    [
        b"Budi 3576</nama><a>x</a>",
        b"<a><!-- Budi 3576 --></a>",
        b"<a><![CDATA[Budi 3576]]></a>",
        b"<a nama='Budi 3576'/>",
        b'<a nama = "Budi > 3576"/>',
        b'<a b="Budi 3576',
        b"<?nama Budi 3576?><a/>",
        b"<a>&amp;Budi 3576</a>",
    ],
)
def test_values_of_xml_are_masked_wherever_they_stand(hidden: bytes) -> None:
    difference = between(b"<b>Budi</b>", hidden, xml=True)
    assert difference is not None
    assert not any(word in "".join(difference.lines(masked=True)) for word in ("Budi", "3576"))
    assert "Budi" in difference.lines(masked=False)[3]


def test_what_signing_needs_is_not_masked() -> None:
    difference = between(b"<b/>", b'<a xmlns:p="urn:x" wsu:Id=\'id-1\'><ds:Transform Algorithm="urn:a"/></a>', xml=True)
    assert difference is not None
    assert difference.lines(masked=True)[3] == difference.lines(masked=False)[3]


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        (b'{"nama":"Budi 3576","ya":true,"x":3576}', '{"nama":"xxxx 0000","ya":true,"x":0000}'),
        (b"Budi 3576", "xxxx 0000"),
        (b'{"nama":"Budi 3576', '{"nama":"xxxx 0000'),
        (b"<nama>Budi 3576</nama>", "<xxxx>xxxx 0000</xxxx>"),
    ],
)
def test_values_of_json_are_masked_and_what_is_no_json_is_masked_whole(hidden: bytes, shown: str) -> None:
    difference = between(b"[]", hidden, xml=False)
    assert difference is not None
    assert difference.lines(masked=True)[3] == f"+ {shown}"


@pytest.mark.parametrize("xml", [True, False])
@pytest.mark.parametrize("text", [b"<a " * 80_000, b'<a b="' * 40_000, b'"\\' * 80_000, b"<a" + b' b="c"' * 40_000])
def test_masking_ends_in_bounded_time(text: bytes, xml: bool) -> None:
    begun = time.monotonic()
    assert between(b"", text, xml=xml) is not None
    assert time.monotonic() - begun < PATIENCE_S


@pytest.mark.parametrize(
    ("ours", "theirs", "shown"),
    [
        (b"<a>x\n</a>", b"<a>x</a>", "\\n"),
        (b'{"a":"\xc3\xa9"}', b'{"a":"\\u00e9"}', "\\u0000"),
        (b"abc", b"ab", "(nothing more)"),
    ],
)
def test_what_is_invisible_is_shown(ours: bytes, theirs: bytes, shown: str) -> None:
    difference = between(ours, theirs, xml=ours.startswith(b"<"))
    assert difference is not None
    assert shown in "".join(difference.lines(masked=True))


def test_equal_octets_have_no_difference() -> None:
    assert between(b"sama", b"sama", xml=True) is None


def test_texts_of_findings_are_one_printable_line_of_bounded_length() -> None:
    root = tree()
    one(root, "//ds:SignatureMethod").set("Algorithm", "x\n" * 5000)
    for each in explained(finish(root)):
        for said in (each.expected, each.found, each.advice):
            assert len(said) <= MAX_TEXT
            assert said.isprintable()


def test_every_mistake_has_its_words() -> None:
    assert set(MISTAKES) == set(Mistake)


ALLOWED = {"operations", "cli", "edge", "app.py"}
"""Where explanations may be asked for: never in the path that lets a message in."""


def test_nothing_that_lets_messages_in_knows_of_explanations() -> None:
    root = Path(gateway.__file__).parent
    users = set()
    for path in root.rglob("*.py"):
        place = path.relative_to(root)
        if place.parts[:2] == ("trust", "diagnosis"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            said = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            said += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if any(each.startswith("gateway.trust.diagnosis") for each in said):
                users.add(place.parts[0])
    assert users <= ALLOWED
