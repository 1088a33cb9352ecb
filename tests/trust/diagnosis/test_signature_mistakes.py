"""Signatures over SignedInfo: the key and the octets that they fit are found, and the mistake named."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1, SHA384, SHA512
from lxml import etree

from gateway.domain.errors import Unauthenticated
from gateway.trust import names
from gateway.trust.diagnosis import Mistake, Step, explain_envelope
from gateway.trust.policy import XML_SIGNATURES
from gateway.trust.xml import canonical
from tests.trust.diagnosis.sloppy import (
    Signs,
    b64,
    bare_hash,
    body_of,
    digested,
    ecdsa,
    ecdsa_der,
    explained,
    failed,
    finish,
    inclusive,
    pkcs1,
    pss,
    sha256,
    the_failure,
    tree,
)
from tests.trust.parties import (
    AT,
    altered,
    attribute,
    envelope,
    key,
    one,
    registered,
    removal,
    sign,
    signed,
    text,
    verify,
)

M = Mistake
WITHOUT_PREFIXES = etree.XPath("namespace::*")


def compact(info: etree._Element) -> bytes:
    return canonical(etree.fromstring(canonical(info), etree.XMLParser(remove_blank_text=True)))


def bare(info: etree._Element) -> bytes:
    """SignedInfo as a template has it: with no namespace declaration of its own."""
    return canonical(info).replace(f' xmlns:ds="{names.DS}"'.encode(), b"")


def test_a_good_message_has_no_failed_finding() -> None:
    for kind in ("rsa", "p256", "p384"):
        data = sign(envelope(leaf=True), key(kind))
        verify(data, registered(key(kind)))
        assert failed(explained(data, key(kind))) == []


@pytest.mark.parametrize(
    ("octets", "mistake"),
    [
        (inclusive, M.INCLUSIVE_FORM),
        (lambda info: b'<?xml version="1.0" encoding="UTF-8"?>\n' + canonical(info), M.DECLARATION),
        (lambda info: canonical(info, ["soap"]), M.PREFIX_LIST),
        (compact, M.SPACE_ADDED),
        (bare, M.NOT_CANONICAL),
        (lambda info: canonical(info) + b"\n", M.FINAL_NEWLINE),
        (lambda info: b"".join(map(canonical, info)), M.CONTENT_ONLY),
    ],
)
@pytest.mark.parametrize(("kind", "signs"), [("rsa", pkcs1), ("p256", ecdsa)])
def test_the_form_of_signed_info_that_was_signed_is_named_and_shown(
    octets: Callable[[etree._Element], bytes], mistake: Mistake, kind: str, signs: Signs
) -> None:
    data = finish(tree(signer=key(kind)), octets=octets, signs=signs)
    with pytest.raises(Unauthenticated) as refused:
        verify(data, registered(key(kind)))
    assert refused.value.code == "signature-wrong"
    found = the_failure(explained(data, key(kind)))
    assert (found.step, found.mistake) == (Step.SIGNATURE, mistake)
    assert found.difference is not None


@pytest.mark.parametrize(
    ("signs", "mistake"),
    [
        (lambda data: pkcs1(data, SHA1()), M.OTHER_HASH),  # noqa: S303 - the mistake
        (lambda data: pkcs1(data, SHA384()), M.OTHER_HASH),
        (lambda data: pkcs1(data, SHA512()), M.OTHER_HASH),
        (lambda data: pkcs1(sha256(data)), M.HASHED_TWICE),
        (lambda data: pkcs1(sha256(data).hex().encode()), M.HASHED_TWICE),
        (bare_hash, M.BARE_HASH),
        (pss, M.PSS),
        (lambda data: b64encode(pkcs1(data)), M.BASE64_TWICE),
        (lambda data: pkcs1(data).hex().encode(), M.HEX),
    ],
)
def test_how_an_rsa_signature_was_made_is_named(signs: Signs, mistake: Mistake) -> None:
    found = the_failure(explained(finish(tree(), signs=signs)))
    assert (found.step, found.mistake, found.difference) == (Step.SIGNATURE, mistake, None)


@pytest.mark.parametrize(
    ("signs", "mistake"),
    [
        (ecdsa_der, M.ECDSA_DER),
        (lambda data: ecdsa(sha256(data)), M.HASHED_TWICE),
        (lambda data: b64encode(ecdsa(data)), M.BASE64_TWICE),
    ],
)
def test_how_an_ecdsa_signature_was_made_is_named(signs: Signs, mistake: Mistake) -> None:
    found = the_failure(explained(finish(tree(signer=key("p256")), signs=signs), key("p256")))
    assert (found.step, found.mistake) == (Step.SIGNATURE, mistake)


def test_an_ecdsa_signature_over_another_hash_is_named() -> None:
    def signs(data: bytes) -> bytes:
        private = key("p256").private_key
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        return private.sign(data, ec.ECDSA(SHA512()))

    found = the_failure(explained(finish(tree(signer=key("p256")), signs=signs), key("p256")))
    assert found.mistake is M.ECDSA_DER
    assert "another hash was used than the algorithm names: SHA-512" in found.found


def test_signed_info_that_was_indented_after_signing_is_told_the_same_as_the_body() -> None:
    """A client that formats the whole message after signing hears of one cause, with one remedy."""
    root = tree()
    info = one(root, "//ds:SignedInfo")
    etree.indent(info, space="")  # as xmlsec writes it
    info.tail = None
    one(root, "//ds:SignatureValue").text = b64(pkcs1(canonical(info)))
    assert failed(explained(etree.tostring(root))) == []
    etree.indent(info, space="  ")
    etree.indent(body_of(root), space="  ")
    found = [each for each in explained(etree.tostring(root)) if not each.passed]
    assert {each.step: each.mistake for each in found} == {Step.DIGEST: M.SPACE_ADDED, Step.SIGNATURE: M.SPACE_ADDED}
    assert "it was signed with line ends alone" in found[-1].found


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_the_key_of_another_registered_certificate_is_named(kind: str) -> None:
    other = key(kind, 1)
    algorithm = next(each for each in XML_SIGNATURES.values() if each.name.endswith("sha256") and kind[0] in each.name)
    data = finish(
        tree(signer=key(kind)),
        signs=lambda octets: other.operations.sign(
            algorithm if kind == "rsa" else XML_SIGNATURES["http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"],
            octets,
        ),
    )
    found = the_failure(explained(data, key(kind), other))
    assert (found.step, found.mistake) == (Step.SIGNATURE, M.OTHER_KEY)
    assert other.fingerprint[:16] in found.found


def test_an_unregistered_certificate_is_described_and_its_key_tried() -> None:
    data = sign(envelope(), key("rsa", 1))
    findings = explained(data, key("rsa"), key("p256"))
    assert failed(findings) == [(Step.CERTIFICATE, None), (Step.SIGNATURE, M.EMBEDDED_KEY)]
    about = next(each for each in findings if each.step is Step.CERTIFICATE)
    assert key("rsa", 1).fingerprint in about.found
    assert "CN=Dinas Contoh" in about.found
    assert key("rsa").fingerprint in about.expected
    assert key("p256").fingerprint in about.expected


def test_where_the_rsa_key_is_right_and_the_octets_are_not_both_digests_are_said() -> None:
    data = finish(tree(), octets=lambda info: b"sesuatu yang lain" + canonical(info))
    found = the_failure(explained(data))
    assert (found.step, found.mistake) == (Step.SIGNATURE, None)
    info = canonical(one(etree.fromstring(data), "//ds:SignedInfo"))
    assert b64(sha256(info)) in found.expected
    assert b64(sha256(b"sesuatu yang lain" + info)) in found.found


def test_a_signature_that_fits_nothing_is_said_to_be_unknown() -> None:
    found = the_failure(explained(finish(tree(), signs=lambda _: b"\x01" * 256)))
    assert (found.mistake, found.step) == (None, Step.SIGNATURE)
    assert "fits none of these keys" in found.found


@pytest.mark.parametrize(
    ("at", "advice"),
    [(AT + timedelta(days=400), "expired"), (AT - timedelta(days=2), "is valid from")],
)
def test_a_certificate_outside_its_time_is_said_to_be(at: object, advice: str) -> None:
    findings = explain_envelope(signed(), [registered(key())], at)  # type: ignore[arg-type]  # a moment
    about = next(each for each in findings if each.step is Step.CERTIFICATE)
    assert not about.passed
    assert advice in about.advice


def test_a_revoked_certificate_is_said_to_be() -> None:
    findings = explain_envelope(signed(), [registered(key(), revoked_at=AT)], AT)
    about = next(each for each in findings if each.step is Step.CERTIFICATE)
    assert "was revoked" in about.advice
    assert about.expected.endswith("none of the 1 registered may be used now")


def test_only_certificates_that_may_be_used_are_named_as_expected() -> None:
    good, gone = registered(key("p256")), registered(key(), revoked_at=AT)
    about = next(each for each in explain_envelope(signed(), [good, gone], AT) if each.step is Step.CERTIFICATE)
    assert about.expected == f"one registered for this agency: {good.fingerprint}"


@pytest.mark.parametrize(
    ("path", "name", "instead"),
    [
        ("//ds:SignatureMethod", "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "rsa-sha256"),
        ("//ds:CanonicalizationMethod", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "xml-exc-c14n#"),
        ("//ds:Reference[@URI='#sj-body']/ds:DigestMethod", "http://www.w3.org/2000/09/xmldsig#sha1", "sha256"),
        ("//ds:Reference[@URI='#sj-body']//ds:Transform", "http://www.w3.org/2006/12/xml-c14n11", "xml-exc-c14n#"),
    ],
)
def test_a_refused_algorithm_is_named_with_what_to_set_instead(path: str, name: str, instead: str) -> None:
    root = tree()
    one(root, path).set("Algorithm", name)
    found = next(each for each in explained(finish(root)) if not each.passed)
    assert (found.step, found.mistake) == (Step.ALGORITHM, M.ALGORITHM)
    assert name in found.found
    assert instead in found.advice


def test_a_message_that_is_right_but_for_sha1_is_told_that_alone() -> None:
    root = tree()
    one(root, "//ds:SignatureMethod").set("Algorithm", "http://www.w3.org/2000/09/xmldsig#rsa-sha1")
    data = finish(root, signs=lambda octets: pkcs1(octets, SHA1()))  # noqa: S303 - the mistake
    assert failed(explained(data)) == [(Step.ALGORITHM, M.ALGORITHM)]


def test_a_message_that_is_right_but_for_its_inclusive_form_is_told_that_alone() -> None:
    root = tree()
    one(root, "//ds:Reference[@URI='#sj-body']//ds:Transform").set(
        "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    )
    assert failed(explained(digested(inclusive, root=root))) == [(Step.ALGORITHM, M.ALGORITHM)]


def test_an_algorithm_of_the_other_kind_of_key_is_named() -> None:
    root = tree()
    one(root, "//ds:SignatureMethod").set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")
    assert (Step.ALGORITHM, M.ALGORITHM_OF_OTHER_KEY) in failed(explained(finish(root)))


@pytest.mark.parametrize(
    ("edit", "step", "words"),
    [
        (removal("//soap:Header"), Step.HEADER, "no Security header"),
        (removal("//ds:Signature"), Step.HEADER, "without a signature"),
        (removal("//ds:KeyInfo"), Step.HEADER, "missing"),
        (removal("//wsu:Timestamp"), Step.PARTS, "no Timestamp"),
        (removal("//ds:Reference[@URI='#sj-body']"), Step.PARTS, "Body is not signed"),
        (removal("//wsa:MessageID"), Step.PARTS, "nothing has the id"),
        (text("//ds:SignatureValue", "?"), Step.SIGNATURE, "no base64"),
        (attribute("//ds:Reference[@URI='#sj-body']", "URI", ""), Step.PARTS, "nothing has the id"),
        (attribute("//soap:Body", "href", "#x"), Step.SHAPE, "href"),
        (text("//wsse:BinarySecurityToken", "AAAA"), Step.CERTIFICATE, "no X.509 certificate"),
    ],
)
def test_what_is_missing_or_misplaced_is_named(
    edit: Callable[[etree._Element], object], step: Step, words: str
) -> None:
    failures = [each for each in explained(altered(edit), key()) if not each.passed]
    assert any(each.step is step and words in each.found for each in failures), failures


@pytest.mark.parametrize(
    ("inner", "kind"),
    [
        ("<wsse:KeyIdentifier>AAAA</wsse:KeyIdentifier>", "KeyIdentifier"),
        ('<ds:X509Data xmlns:ds="{ds}"><ds:X509IssuerSerial/></ds:X509Data>', "X509IssuerSerial"),
    ],
)
def test_a_certificate_that_is_named_in_another_way_is_told(inner: str, kind: str) -> None:
    root = tree()
    info = one(root, "//wsse:SecurityTokenReference")
    info.remove(info[0])
    said = f'<x xmlns:wsse="{names.WSSE}">{inner.format(ds=names.DS)}</x>'
    info.append(etree.fromstring(said)[0])
    found = the_failure(explained(finish(root)))
    assert (found.step, found.mistake) == (Step.HEADER, M.KEY_INFO)
    assert kind in found.found


def test_ids_in_another_attribute_than_wsu_id_are_named() -> None:
    root = tree()
    body = body_of(root)
    del body.attrib[names.WSU_ID]
    body.set("Id", "sj-body")
    assert failed(explained(digested(canonical, root=root))) == [(Step.PARTS, M.ID_ATTRIBUTE)]


def test_the_transforms_that_the_soap_package_of_node_names_by_default_are_told_apart() -> None:
    root = tree()
    transforms = one(root, "//ds:Reference[@URI='#sj-body']/ds:Transforms")
    enveloped = etree.Element(transforms[0].tag, Algorithm=f"{names.DS}enveloped-signature")
    transforms.insert(0, enveloped)
    found = the_failure(explained(finish(root)))
    assert (found.step, found.mistake) == (Step.ALGORITHM, M.ALGORITHM)
    assert "enveloped-signature" in found.found


def test_a_wrapped_message_has_the_strict_reader_s_word() -> None:
    root = etree.fromstring(signed())
    moved = body_of(root)
    other = etree.fromstring(etree.tostring(moved))
    other.set(names.WSU_ID, "other")
    one(root, "//soap:Header").append(moved)
    root.append(other)
    failures = [each for each in explained(etree.tostring(root), key()) if not each.passed]
    assert failures
    with pytest.raises(Unauthenticated):
        verify(etree.tostring(root))


def test_a_body_that_stands_where_no_part_may_stand_is_refused_though_all_digests_fit() -> None:
    root = etree.fromstring(signed())
    one(root, "//ds:Signature").append(etree.fromstring(f'<ds:Object xmlns:ds="{names.DS}">x</ds:Object>'))
    found = the_failure(explained(etree.tostring(root), key()))
    assert found.step is Step.PARTS
    assert "ds:Object" in found.found
