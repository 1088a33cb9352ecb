"""Detached JWS that are made wrongly: each mistake is made, and named."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.trust.diagnosis import Mistake, Step, explain_jws
from gateway.trust.keys import SigningKey
from tests.trust.diagnosis.sloppy import ecdsa, ecdsa_der, failed, pkcs1, pss, sha256, the_failure
from tests.trust.diagnosis.sloppy_jws import BODY, Signs, b64url, explained, header, jws
from tests.trust.parties import AT, key, registered

M = Mistake


def test_a_good_message_has_no_failed_finding() -> None:
    assert failed(explained(jws())) == []
    assert failed(explained(jws(signer=key("p256"), signs=ecdsa), BODY, key("p256"))) == []
    assert failed(explained(jws(alg="PS256", signs=_pss_32))) == []


def _pss_32(data: bytes) -> bytes:
    private = key("rsa").private_key
    assert isinstance(private, rsa.RSAPrivateKey)
    return private.sign(data, padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH), SHA256())


@pytest.mark.parametrize(
    ("field", "mistake"),
    [
        (lambda: jws(write=lambda made: base64.urlsafe_b64encode(made).decode()), M.BASE64_PADDING),
        (lambda: jws().replace("..", f".{b64url(BODY)}."), M.ATTACHED),
    ],
)
def test_how_the_field_is_written_is_named(field: Callable[[], str], mistake: Mistake) -> None:
    found = the_failure(explained(field()))
    assert (found.step, found.mistake) == (Step.SHAPE, mistake)


def test_ordinary_base64_is_named() -> None:
    signature = b"\xfb\xff" * 128
    field = jws(signs=lambda _: signature, write=lambda made: base64.b64encode(made).decode())
    assert (Step.SHAPE, M.BASE64_ALPHABET) in failed(explained(field))
    protected = base64.b64encode(json.dumps(header(key("rsa"), jti="???>>>")).encode()).decode()
    assert "/" in protected or "+" in protected
    made = f"{protected}..{b64url(pkcs1(protected.encode() + b'.' + b64url(BODY).encode()))}"
    assert failed(explained(made))[0] == (
        Step.SHAPE,
        M.BASE64_PADDING if protected.endswith("=") else M.BASE64_ALPHABET,
    )


@pytest.mark.parametrize("general", [True, False])
def test_json_serialization_is_named_and_read_on(general: bool) -> None:
    protected, _, signature = jws().split(".")
    one = {"protected": protected, "signature": signature}
    said = {"signatures": [one]} if general else one
    assert failed(explained(json.dumps(said))) == [(Step.SHAPE, M.JSON_FORM)]


@pytest.mark.parametrize(
    ("signs", "mistake"),
    [
        (_pss_32, M.PSS),
        (pss, M.PSS),
        (lambda data: pkcs1(sha256(data)), M.HASHED_TWICE),
        (lambda data: base64.b64encode(pkcs1(data)), M.BASE64_TWICE),
        (lambda data: pkcs1(data).hex().encode(), M.HEX),
    ],
)
def test_how_an_rsa_signature_was_made_is_named(signs: Signs, mistake: Mistake) -> None:
    found = the_failure(explained(jws(signs=signs)))
    assert (found.step, found.mistake) == (Step.SIGNATURE, mistake)


def test_pkcs1_where_the_header_says_pss_is_named() -> None:
    assert the_failure(explained(jws(alg="PS256"))).mistake is M.PKCS1


def test_another_hash_is_named_by_its_name() -> None:
    found = the_failure(explained(jws(alg="RS256", signs=lambda data: pkcs1(data, SHA1()))))  # noqa: S303 - the mistake
    assert found.mistake is M.OTHER_HASH
    assert found.found.endswith(": SHA-1")


def test_ecdsa_in_der_form_is_named() -> None:
    found = the_failure(explained(jws(signer=key("p256"), signs=ecdsa_der), BODY, key("p256")))
    assert (found.step, found.mistake) == (Step.SIGNATURE, M.ECDSA_DER)


def test_the_key_of_another_registered_certificate_is_named() -> None:
    other = key("rsa", 1)
    found = the_failure(explained(jws(signs=lambda data: pkcs1(data, signer=other)), BODY, key("rsa"), other))
    assert (found.step, found.mistake) == (Step.SIGNATURE, M.OTHER_KEY)
    assert other.fingerprint[:16] in found.found


def test_a_strangers_certificate_is_told_once_and_beside_those_that_may_be_used() -> None:
    stranger, gone = key("rsa", 1), key("p384")
    certificates = [registered(key()), registered(gone, revoked_at=AT)]
    field = jws(signer=stranger, signs=lambda data: pkcs1(data, signer=stranger), alg="RS256")
    found = the_failure(explain_jws(field, BODY, certificates, AT, "dpmptsp"))
    assert found.step is Step.CERTIFICATE
    assert found.expected.endswith(f": {key().fingerprint}")
    # by the key of a registered one, that is worth saying
    ours = jws(signer=stranger, alg="RS256")
    assert failed(explained(ours)) == [(Step.CERTIFICATE, None), (Step.SIGNATURE, M.OTHER_KEY)]


UNNAMED: dict[str, Any] = {"x5t#S256": None}


def _jwk(signer: SigningKey) -> dict[str, str]:
    public = signer.operations.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    numbers = public.public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": b64url(numbers.x.to_bytes(32)), "y": b64url(numbers.y.to_bytes(32))}


def test_an_embedded_key_that_fits_is_named_and_not_trusted() -> None:
    mine, theirs = key("p256"), key("p256", 1)

    def signs(data: bytes) -> bytes:
        private = mine.private_key
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        return ecdsa(data)

    field = jws(signer=mine, signs=signs, jwk=_jwk(mine), **UNNAMED)
    findings = explained(field, BODY, theirs)
    assert failed(findings) == [(Step.CERTIFICATE, M.THUMBPRINT_MISSING), (Step.SIGNATURE, M.EMBEDDED_KEY)]
    chain = [base64.b64encode(mine.certificate_der).decode()]
    field = jws(signer=mine, signs=signs, x5c=chain, **UNNAMED)
    assert failed(explained(field, BODY, theirs)) == [(Step.CERTIFICATE, None), (Step.SIGNATURE, M.EMBEDDED_KEY)]


def test_an_embedded_key_that_would_be_dear_to_try_is_not_tried() -> None:
    private = key("rsa").private_key
    assert isinstance(private, rsa.RSAPrivateKey)
    modulus = private.public_key().public_numbers().n
    jwk = {"kty": "RSA", "n": b64url(modulus.to_bytes(256)), "e": b64url((modulus - 2).to_bytes(256))}
    begun = time.process_time()
    findings = explained(jws(jwk=jwk, **UNNAMED), BODY, key("p256"))
    assert time.process_time() - begun < 1
    assert (Step.SIGNATURE, None) in failed(findings)
    jwk["e"] = b64url(b"\x01\x00\x01")
    assert (Step.SIGNATURE, M.EMBEDDED_KEY) in failed(explained(jws(jwk=jwk, **UNNAMED), BODY, key("p256")))


DER = key("rsa").certificate_der
PEM = key("rsa").certificate.public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    ("named", "mistake"),
    [
        ({"x5t#S256": hashlib.sha256(DER).hexdigest()}, M.THUMBPRINT_HEX),
        ({"x5t#S256": hashlib.sha256(DER).digest().hex(":").upper()}, M.THUMBPRINT_HEX),
        ({"x5t#S256": b64url(hashlib.sha256(DER).hexdigest().encode())}, M.THUMBPRINT_HEX),
        ({"x5t#S256": b64url(hashlib.sha1(DER).digest())}, M.THUMBPRINT_SHA1),  # noqa: S324 - the mistake
        ({"x5t#S256": None, "x5t": b64url(hashlib.sha1(DER).digest())}, M.THUMBPRINT_SHA1),  # noqa: S324 - the same
        ({"x5t#S256": b64url(sha256(PEM))}, M.THUMBPRINT_OF_PEM),
        ({"x5t#S256": b64url(sha256(PEM.strip()))}, M.THUMBPRINT_OF_PEM),
        (
            {
                "x5t#S256": b64url(
                    sha256(
                        key("rsa")
                        .certificate.public_key()
                        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
                    )
                )
            },
            M.THUMBPRINT_OF_KEY,
        ),
        ({"x5t#S256": None, "kid": key("rsa").fingerprint}, M.THUMBPRINT_HEX),
        ({"x5t#S256": None, "kid": b64url(sha256(DER))}, M.THUMBPRINT_MISSING),
    ],
)
def test_how_the_certificate_is_named_is_recognised_and_the_walk_goes_on(
    named: dict[str, Any], mistake: Mistake
) -> None:
    assert failed(explained(jws(**named))) == [(Step.CERTIFICATE, mistake)]


@pytest.mark.parametrize("alg", ["none", "HS256", "RS512", "RSA-OAEP", None, 17])
def test_a_refused_algorithm_is_named_with_what_to_set_instead(alg: object) -> None:
    found = next(each for each in explained(jws(alg=alg)) if not each.passed)
    assert (found.step, found.mistake) == (Step.ALGORITHM, M.ALGORITHM)
    assert "RS256" in found.advice


def test_an_algorithm_of_the_other_kind_of_key_is_named() -> None:
    found = next(each for each in explained(jws(alg="ES256")) if not each.passed)
    assert found.mistake is M.ALGORITHM_OF_OTHER_KEY
    assert "RS256" in found.advice


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"iss": None}, "iss is missing"),
        ({"aud": "lain"}, "aud lain"),
        ({"int": "permit-status"}, "int permit-status"),
        ({"jti": 17}, "jti is no text"),
        ({"agr": ""}, "agr is no text"),
        ({"iat": "2026"}, "iat 2026"),
        ({"exp": int(AT.timestamp()) + 9000}, "exp 9000 s after iat"),
    ],
)
def test_a_wrong_claim_is_said_with_what_is_expected(changes: dict[str, Any], words: str) -> None:
    found = the_failure(explained(jws(**changes)))
    assert found.step is Step.CLAIMS
    assert words in found.found


def test_times_in_milliseconds_are_named() -> None:
    now = int(AT.timestamp()) * 1000
    assert failed(explained(jws(iat=now, exp=now + 300_000))) == [(Step.CLAIMS, M.TIME_UNIT)] * 2


@pytest.mark.parametrize(
    ("hours", "mistake", "words"),
    [
        (7, M.LOCAL_TIME, "WIB labelled as UTC"),
        (-7, M.LOCAL_TIME, "UTC labelled as WIB"),
        (8, M.LOCAL_TIME, "WITA"),
        (0.5, M.CLOCK_WRONG, "+1800 s (ahead of)"),
        (-1, M.CLOCK_WRONG, "-3600 s (behind)"),
    ],
)
def test_a_clock_that_is_off_is_told_by_how_much_and_which_way(hours: float, mistake: Mistake, words: str) -> None:
    shifted = int((AT + timedelta(hours=hours)).timestamp())
    found = the_failure(explained(jws(iat=shifted, exp=shifted + 300)))
    assert (found.step, found.mistake) == (Step.CLOCK, mistake)
    assert words in found.found


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("", "nothing"),
        ("a.b", "2 parts"),
        ("a.b.c.d.e", "JWE"),
        ("!!..AAAA", "header that is no base64url"),
        (f"{b64url(b'{}')}..!!", "signature that is no base64url"),
        ("x" * 100_000, "100000 characters"),
        ("{", "1 parts"),
    ],
)
def test_a_field_that_holds_no_jws_is_said_to(field: str, words: str) -> None:
    found = the_failure(explained(field))
    assert found.step is Step.SHAPE
    assert words in found.found


def test_repeated_members_are_named() -> None:
    said = json.dumps(header(key("rsa")))[:-1] + ', "iss": "dpupr"}'
    protected = b64url(said.encode())
    field = f"{protected}..{b64url(pkcs1(protected.encode() + b'.' + b64url(BODY).encode()))}"
    found = the_failure(explained(field))
    assert (found.step, "iss is there more than once" in found.found) == (Step.HEADER, True)


def test_no_registered_certificate_is_said() -> None:
    findings = explain_jws(jws(), BODY, [], AT, "dpmptsp")
    assert (Step.CERTIFICATE, None) in failed(findings)
    assert any("none is registered yet" in each.expected for each in findings)
