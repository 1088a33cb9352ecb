"""Digests made over other octets: each mistake is made, and named."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from copy import deepcopy

import pytest
from lxml import etree

from gateway.domain.errors import Unauthenticated
from gateway.trust import names
from gateway.trust.diagnosis import Mistake, Step
from gateway.trust.xml import canonical
from tests.trust.diagnosis.sloppy import (
    b64,
    body_of,
    digested,
    explained,
    failed,
    finish,
    inclusive,
    sha256,
    the_failure,
    tree,
)
from tests.trust.parties import BUSINESS, addition, altered, envelope, key, one, registered, text, verify

M = Mistake


def without_id(body: etree._Element) -> bytes:
    bare = deepcopy(body)
    bare.attrib.pop(names.WSU_ID)
    return canonical(bare)


def with_prefix(prefix: str) -> Callable[[etree._Element], bytes]:
    def octets(body: etree._Element) -> bytes:
        said = etree.tostring(body).replace(b"soap:", prefix.encode() + b":").replace(b":soap=", f":{prefix}=".encode())
        return canonical(etree.fromstring(said))

    return octets


def pretty(space: str) -> Callable[[etree._Element], bytes]:
    def octets(body: etree._Element) -> bytes:
        copied = deepcopy(body)
        etree.indent(copied, space=space)
        return canonical(copied)

    return octets


def headless(body: etree._Element) -> bytes:
    root = deepcopy(body.getroottree().getroot())
    root.remove(root[0])
    return canonical(root)


def unsecured(body: etree._Element) -> bytes:
    root = deepcopy(body.getroottree().getroot())
    header = root[0]
    header.remove(one(root, "//wsse:Security"))
    return canonical(root)


@pytest.mark.parametrize(
    ("octets", "mistake"),
    [
        (inclusive, M.INCLUSIVE_FORM),
        (without_id, M.ID_ADDED),
        (lambda body: inclusive(etree.fromstring(without_id(body))), M.ID_ADDED),
        (lambda body: canonical(body, ["wsa"]), M.PREFIX_LIST),
        (lambda body: canonical(body, ["xsi"]), M.PREFIX_LIST),
        (lambda body: b'<?xml version="1.0" encoding="UTF-8"?>\n' + canonical(body), M.DECLARATION),
        (lambda body: b"\xef\xbb\xbf" + canonical(body), M.BYTE_ORDER_MARK),
        (lambda body: canonical(body) + b"\n", M.FINAL_NEWLINE),
        (lambda body: canonical(body[0]), M.CONTENT_ONLY),
        (lambda body: inclusive(body[0]), M.CONTENT_ONLY),
        (unsecured, M.WHOLE_ENVELOPE),
        (headless, M.WHOLE_ENVELOPE),
        (pretty("  "), M.SPACE_REMOVED),
        (pretty("\t"), M.SPACE_REMOVED),
        (with_prefix("soapenv"), M.PREFIXES_REWRITTEN),
        (with_prefix("SOAP-ENV"), M.PREFIXES_REWRITTEN),
    ],
)
def test_the_form_that_was_digested_is_named_and_shown(
    octets: Callable[[etree._Element], bytes], mistake: Mistake
) -> None:
    data = digested(octets)
    with pytest.raises(Unauthenticated, match="digest differs"):
        verify(data, registered(key("rsa")))
    found = the_failure(explained(data))
    assert (found.step, found.mistake) == (Step.DIGEST, mistake)
    assert found.difference is not None
    assert found.advice


def test_declarations_that_were_added_after_the_digest_are_named() -> None:
    said = etree.tostring(tree())
    later = f' xmlns:ds="{names.DS}" xmlns:wsse="{names.WSSE}"'.encode()
    root = etree.fromstring(said.replace(b"<soap:Envelope", b"<soap:Envelope" + later, 1))
    data = digested(lambda _: inclusive(body_of(etree.fromstring(said))), root=root)
    found = the_failure(explained(data))
    assert found.mistake is M.NAMESPACES_ADDED
    assert found.difference is not None
    _, _, ours, theirs = found.difference.lines(masked=True)
    assert ours.startswith("- xmlns:wsu=")
    assert theirs.startswith("+ xmlns:wsa=")


def test_comments_that_were_digested_are_named() -> None:
    root = tree()
    body_of(root)[0].insert(0, etree.Comment("dari templat"))
    octets: Callable[[etree._Element], bytes] = lambda body: etree.tostring(  # noqa: E731 - one expression
        body, method="c14n", exclusive=True, with_comments=True
    )
    assert failed(explained(digested(octets, root=root))) == [(Step.DIGEST, M.COMMENTS)]


def test_processing_instructions_that_were_digested_are_named() -> None:
    root = tree()
    body_of(root)[0].insert(0, etree.ProcessingInstruction("php", "echo 1"))
    assert failed(explained(digested(canonical, root=root))) == [(Step.DIGEST, M.INSTRUCTIONS)]


def test_comments_that_were_not_digested_do_no_harm() -> None:
    root = tree()
    data = digested(canonical, root=root)
    assert all(each.passed for each in explained(data.replace(b"<soap:Body", b"<!-- x --><soap:Body")))


def test_a_default_namespace_that_was_taken_for_inclusive_is_named() -> None:
    root = tree()
    body = body_of(root)
    for child in list(body):
        body.remove(child)
    said = etree.tostring(root).decode().replace("<soap:Envelope ", f'<soap:Envelope xmlns="{BUSINESS}" ', 1)
    root = etree.fromstring(said)
    etree.SubElement(body_of(root), f"{{{BUSINESS}}}Recommendation").text = "x"

    def as_if_inclusive(element: etree._Element) -> bytes:
        declaration = f' xmlns="{BUSINESS}"'.encode()
        made = canonical(element).replace(declaration, b"")
        return made.replace(b"<soap:Body", b"<soap:Body" + declaration, 1)

    assert failed(explained(digested(as_if_inclusive, root=root))) == [(Step.DIGEST, M.DEFAULT_PREFIX)]


def test_indentation_added_after_signing_is_named() -> None:
    root = tree()
    body = body_of(root)
    etree.indent(body, space="  ")
    found = the_failure(explained(etree.tostring(root)))
    assert (found.step, found.mistake) == (Step.DIGEST, M.SPACE_ADDED)
    assert found.difference is not None
    assert "\\n  <Recommendation" in found.difference.lines(masked=True)[2]


@pytest.mark.parametrize(
    ("was", "sent", "mistake", "words"),
    [
        ("", "  ", M.SPACE_ADDED, "it was signed with line ends alone"),
        ("  ", "    ", M.SPACE_ADDED, "it was signed indented by 2 spaces"),
        ("    ", "  ", M.SPACE_REMOVED, "it was signed indented by 4 spaces"),
    ],
)
def test_indentation_that_was_changed_after_signing_is_named_by_its_direction(
    was: str, sent: str, mistake: Mistake, words: str
) -> None:
    root = tree()
    etree.indent(body_of(root), space=sent)
    found = the_failure(explained(digested(pretty(was), root=root)))
    assert (found.step, found.mistake) == (Step.DIGEST, mistake)
    assert words in found.found


def test_texts_that_were_trimmed_after_signing_are_named() -> None:
    root = tree(envelope(text="Budi Contoh"))
    one(root, "//b:name").text = "  Budi Contoh \n"
    assert failed(explained(etree.tostring(root))) == [(Step.DIGEST, M.TEXT_TRIMMED)]


@pytest.mark.parametrize("ending", ["\r\n", "&#xD;\n"])
def test_line_ends_that_were_rewritten_are_named(ending: str) -> None:
    root = tree(envelope(text="Jalan Contoh 1\nMojokerto"))
    octets: Callable[[etree._Element], bytes] = lambda body: canonical(body).replace(b"\n", ending.encode())  # noqa: E731
    assert failed(explained(digested(octets, root=root))) == [(Step.DIGEST, M.LINE_ENDS)]


def test_text_that_was_signed_as_it_stood_is_named() -> None:
    data = digested(canonical).replace(b"<amount>1000</amount>", b'<amount  ></amount><x a="2"  b="1"/>')
    root = etree.fromstring(data)
    raw = data[data.index(b"<soap:Body") : data.index(b"</soap:Body>") + len(b"</soap:Body>")]
    one(root, "//ds:Reference[@URI='#sj-body']/ds:DigestValue").text = b64(sha256(raw))
    signed = finish(root)
    start, end = signed.index(b"<soap:Body"), signed.index(b"</soap:Body>") + len(b"</soap:Body>")
    assert failed(explained(signed[:start] + raw + signed[end:])) == [(Step.DIGEST, M.NOT_CANONICAL)]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_unicode_that_was_normalised_is_named(form: str) -> None:
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    root = tree(envelope(text=unicodedata.normalize(other, "René Contoh")))  # type: ignore[arg-type]  # a form's name
    octets: Callable[[etree._Element], bytes] = lambda body: unicodedata.normalize(  # noqa: E731
        form,  # type: ignore[arg-type]  # the same
        canonical(body).decode(),
    ).encode()
    found = the_failure(explained(digested(octets, root=root)))
    assert found.mistake is M.UNICODE_FORM
    assert found.difference is not None
    assert "\\u0301" in "".join(found.difference.lines(masked=True))


def test_octets_in_another_encoding_are_named() -> None:
    root = tree(envelope(text="René Contoh"))
    octets: Callable[[etree._Element], bytes] = lambda body: canonical(body).decode().encode("latin-1")  # noqa: E731
    assert failed(explained(digested(octets, root=root))) == [(Step.DIGEST, M.OTHER_ENCODING)]


@pytest.mark.parametrize(
    ("make", "write", "mistake"),
    [
        (lambda data: hashlib.sha1(data).digest(), b64, M.OTHER_HASH),  # noqa: S324 - the mistake
        (lambda data: hashlib.sha384(data).digest(), b64, M.OTHER_HASH),
        (lambda data: hashlib.sha512(data).digest(), b64, M.OTHER_HASH),
        (sha256, bytes.hex, M.HEX),
        (sha256, lambda made: made.hex().upper(), M.HEX),
        (sha256, lambda made: b64(made.hex().encode()), M.HEX),
        (sha256, lambda made: b64(b64(made).encode()), M.BASE64_TWICE),
        (lambda data: sha256(sha256(data)), b64, M.HASHED_TWICE),
    ],
)
def test_how_a_digest_was_made_and_written_is_named(
    make: Callable[[bytes], bytes], write: Callable[[bytes], str], mistake: Mistake
) -> None:
    hashes = {20: 1, 48: 384, 64: 512}
    found = the_failure(explained(digested(canonical, make=make, write=write)))
    assert (found.step, found.mistake) == (Step.DIGEST, mistake)
    assert found.difference is None
    if mistake is M.OTHER_HASH:
        assert found.found.endswith(f": SHA-{hashes[len(make(b''))]}")


def test_two_mistakes_at_once_are_both_said() -> None:
    found = the_failure(explained(digested(inclusive, make=lambda data: hashlib.sha512(data).digest())))
    assert found.mistake is M.INCLUSIVE_FORM
    assert "another hash was used" in found.found
    assert "SHA-256" in found.advice


def test_an_addressing_block_is_explained_like_the_body() -> None:
    data = digested(inclusive, part="//wsa:MessageID")
    found = the_failure(explained(data))
    assert found.mistake is M.INCLUSIVE_FORM
    assert "MessageID" in found.found


def test_damage_that_nothing_explains_is_said_to_be_unknown_with_both_digests() -> None:
    data = altered(text("//b:name", "Siti Contoh"))
    found = the_failure(explained(data, key()))
    assert (found.step, found.mistake, found.difference) == (Step.DIGEST, None, None)
    came = one(etree.fromstring(data), "//ds:Reference[@URI='#sj-body']/ds:DigestValue").text or ""
    assert came in found.found
    assert b64(sha256(canonical(body_of(etree.fromstring(data))))) in found.expected
    assert "none of" in found.found


def test_a_digest_that_is_none_is_said_to_be_none() -> None:
    root = tree()
    one(root, "//ds:Reference[@URI='#sj-body']/ds:DigestValue").text = "bukan base64!"
    found = the_failure(explained(finish(root)))
    assert "no digest in base64" in found.found


def test_namespaces_without_canonical_form_are_told() -> None:
    root = tree()
    addition("//soap:Body", '<x xmlns="relatif/nama"/>')(root)
    assert any("namespace name is relative" in each.found for each in explained(etree.tostring(root)))
