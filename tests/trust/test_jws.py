"""Detached JWS: round trips, agreement with joserfc, and each refusal by its name."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.domain.errors import Unauthenticated
from gateway.trust.freshness import check_fresh
from gateway.trust.jws import JwsClaims, VerifiedJws, sign_detached, verify_detached
from gateway.trust.keys import SigningKey
from tests.trust.parties import AT, LIFE, key, registered

PAYLOAD = b'{"name":"Budi Contoh","amount":"1000"}'
CLAIMS = JwsClaims(
    iss="dpupr",
    aud="dpmptsp",
    iat=AT,
    exp=AT + LIFE,
    jti="m-1",
    agr="dpupr-2026/1.0",
    int_="technical-recommendation",
)
KINDS = ["p256", "p384", "rsa", "ed25519"]
ALGORITHMS = {"p256": "ES256", "p384": "ES384", "rsa": "PS256", "ed25519": "Ed25519"}


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def header_of(signature: str) -> dict[str, Any]:
    part = signature.split(".", 1)[0]
    header: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return header


def genuine(kind: str = "p256", payload: bytes = PAYLOAD, **changes: Any) -> str:
    return sign_detached(payload, key(kind), replace(CLAIMS, **changes))


def forged(edit: Callable[[dict[str, Any]], object]) -> str:
    """A token of the key's own holder, whose header says something else: the signature is right."""
    header = header_of(genuine())
    edit(header)
    return over(json.dumps(header).encode())


def over(header: bytes, payload: bytes = PAYLOAD) -> str:
    private = key().private_key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    r, s = utils.decode_dss_signature(private.sign(f"{b64(header)}.{b64(payload)}".encode(), ec.ECDSA(SHA256())))
    return f"{b64(header)}..{b64(r.to_bytes(32) + s.to_bytes(32))}"


def verify(signature: str, payload: bytes = PAYLOAD, kind: str = "p256", audience: str = "dpmptsp") -> VerifiedJws:
    return verify_detached(signature, payload, [registered(key(kind))], AT, audience=audience)


def refused(signature: str, payload: bytes = PAYLOAD, kind: str = "p256") -> str:
    with pytest.raises(Unauthenticated) as caught:
        verify(signature, payload, kind)
    return caught.value.code


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_signed_is_verified(kind: str) -> None:
    signature = genuine(kind)
    verified = verify(signature, kind=kind)
    assert verified.claims == CLAIMS
    assert verified.payload == PAYLOAD
    assert verified.certificate == registered(key(kind))
    assert header_of(signature)["alg"] == ALGORITHMS[kind]


@given(st.binary())
def test_any_bytes_can_be_signed(payload: bytes) -> None:
    assert verify(genuine(payload=payload), payload).payload == payload


def test_an_answer_carries_the_request_s_digest_and_its_leaf() -> None:
    claims = verify(genuine(rel=b64(b"d" * 32), leaf="ab" * 32)).claims
    assert (claims.rel, claims.leaf) == (b64(b"d" * 32), "ab" * 32)


def test_the_hub_s_answers_verify_at_the_agency() -> None:
    signature = genuine(iss="dpmptsp", aud="dpupr")
    hub = registered(key(), agency="dpmptsp")
    assert verify_detached(signature, PAYLOAD, [hub], AT, audience="dpupr").claims.iss == "dpmptsp"


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"aud": "dinkes"}, "aud is 'dinkes', and has to be 'dpmptsp'"),
        ({"iss": "bank"}, "iss is 'bank', and has to be 'dpupr'"),
    ],
)
def test_a_claim_that_is_another_is_said_with_the_one_that_it_has_to_be(claims: dict[str, str], words: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        verify_detached(genuine("p256", PAYLOAD, **claims), PAYLOAD, [registered(key())], AT, audience="dpmptsp")
    assert caught.value.code == "signature-claims"
    assert words in caught.value.text


def other_library_s(signer: SigningKey) -> ECKey | RSAKey | OKPKey:
    match signer.private_key:
        case ec.EllipticCurvePrivateKey():
            return ECKey.import_key(signer.private_pem())
        case rsa.RSAPrivateKey():
            return RSAKey.import_key(signer.private_pem())
        case _:
            return OKPKey.import_key(signer.private_pem())


@pytest.mark.parametrize("kind", KINDS)
def test_joserfc_verifies_what_we_sign(kind: str) -> None:
    protected, _, signature = genuine(kind).split(".")
    registry = joserfc_jws.JWSRegistry(algorithms=[ALGORITHMS[kind]], strict_check_header=False)
    whole = f"{protected}.{b64(PAYLOAD)}.{signature}"
    assert joserfc_jws.deserialize_compact(whole, other_library_s(key(kind)), registry=registry).payload == PAYLOAD


@pytest.mark.parametrize(("kind", "algorithm"), [*ALGORITHMS.items(), ("rsa", "RS256")])
def test_we_verify_what_joserfc_signs(kind: str, algorithm: str) -> None:
    registry = joserfc_jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    header = header_of(genuine(kind)) | {"alg": algorithm}
    whole = joserfc_jws.serialize_compact(header, PAYLOAD, other_library_s(key(kind)), registry=registry)
    protected, _, signature = whole.split(".")
    assert verify(f"{protected}..{signature}", kind=kind).claims == CLAIMS


def test_the_older_name_of_ed25519_is_read() -> None:
    header = header_of(genuine("ed25519")) | {"alg": "EdDSA"}
    protected = b64(json.dumps(header).encode())
    private = key("ed25519").private_key
    assert not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    signature = private.sign(f"{protected}.{b64(PAYLOAD)}".encode())
    assert verify(f"{protected}..{b64(signature)}", kind="ed25519").claims == CLAIMS


@given(st.data(), st.sampled_from(KINDS))
def test_no_byte_of_the_payload_can_be_changed(data: st.DataObject, kind: str) -> None:
    payload = bytearray(PAYLOAD)
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    assert refused(genuine_once(kind), bytes(payload), kind) == "signature-wrong"


@given(st.data(), st.sampled_from(KINDS))
def test_no_character_of_the_token_can_be_changed(data: st.DataObject, kind: str) -> None:
    token = genuine_once(kind)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(min_codepoint=32, max_codepoint=126).filter(lambda c: c != token[at]))
    code = refused(token[:at] + other + token[at + 1 :], kind=kind)
    assert code in {"signature-wrong", "signature-malformed", "signature-policy", "certificate-unknown"}


_ONCE: dict[str, str] = {}


def genuine_once(kind: str) -> str:
    return _ONCE.setdefault(kind, genuine(kind))


def test_a_message_without_a_signature_is_told_so() -> None:
    assert refused("") == "signature-missing"


@pytest.mark.parametrize(
    "signature",
    [
        "x",
        "a.b",
        "a..b..c",
        "..",
        f"{b64(b'{}')}.{b64(PAYLOAD)}.{b64(b'x')}",
        f"{b64(b'{}')}..",
        f"{b64(b'{}')}..=",
        f"{b64(b'{}')}..\u00e9",
        f"{b64(b'{}')}..A",
        f"{b64(b'{}')}..AB",
        f"{b64(b'[]')}..{b64(b'x')}",
        f"{b64(b'nonsense')}..{b64(b'x')}",
        f"{b64(b'{' + bytes([255]) + b'}')}..{b64(b'x')}",
        f"{b64(b'[' * 5000)}..{b64(b'x')}",
        f"{b64(b'{}')}..{'A' * 8192}",
    ],
)
def test_what_is_not_a_detached_jws_is_malformed(signature: str) -> None:
    assert refused(signature) == "signature-malformed"


def test_padding_and_the_attached_form_are_malformed() -> None:
    protected, _, signature = genuine().split(".")
    assert verify(f"{protected}..{signature}").claims == CLAIMS
    assert refused(f"{protected}..{signature}==") == "signature-malformed"
    assert refused(f"{protected}.{b64(PAYLOAD)}.{signature}") == "signature-malformed"


def test_a_member_that_is_there_twice_is_malformed() -> None:
    header = json.dumps(header_of(genuine()))
    assert verify(over(header.encode())).claims == CLAIMS
    assert refused(over((header[:-1] + ', "jti": "m-2"}').encode())) == "signature-malformed"
    assert refused(over((header[:-1] + ', "n": NaN}').encode())) == "signature-malformed"


@pytest.mark.parametrize("name", ["alg", "x5t#S256"])
@pytest.mark.parametrize("value", [None, 1, "", "x" * 257, "a\nb"])
def test_a_header_without_algorithm_or_certificate_is_malformed(name: str, value: object) -> None:
    assert refused(forged(lambda header: header.update({name: value}))) == "signature-malformed"


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS1", "RS384", "ES512", "PS384", "es256"])
def test_an_algorithm_off_the_list_is_a_policy_refusal(algorithm: str) -> None:
    assert refused(forged(lambda header: header.update(alg=algorithm))) == "signature-policy"


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES384", "Ed25519"])
def test_an_algorithm_that_does_not_go_with_the_registered_key_is_a_policy_refusal(algorithm: str) -> None:
    assert refused(forged(lambda header: header.update(alg=algorithm))) == "signature-policy"


@pytest.mark.parametrize("extension", [{"crit": ["exp"]}, {"b64": False}])
def test_extensions_that_change_what_is_signed_are_a_policy_refusal(extension: dict[str, object]) -> None:
    assert refused(forged(lambda header: header.update(extension))) == "signature-policy"


def test_members_that_nobody_agreed_are_ignored() -> None:
    assert verify(forged(lambda header: header.update(kid="x", typ="JOSE"))).claims == CLAIMS


def test_the_certificate_is_one_that_was_registered_and_stands() -> None:
    mine = key()
    cases = {
        "certificate-unknown": ([registered(key("p256", 1))], AT),
        "certificate-revoked": ([registered(mine, revoked_at=AT)], AT),
        "certificate-expired": ([registered(mine)], AT + timedelta(days=400)),
        "certificate-not-yet-valid": ([registered(mine)], AT - timedelta(days=2)),
    }
    for code, (certificates, at) in cases.items():
        with pytest.raises(Unauthenticated) as caught:
            verify_detached(genuine(), PAYLOAD, certificates, at, audience="dpmptsp")
        assert caught.value.code == code


def test_a_signature_by_another_key_or_of_another_size_is_wrong() -> None:
    thumbprint = header_of(genuine())["x5t#S256"]
    protected, _, signature = sign_detached(PAYLOAD, key("p256", 1), CLAIMS).split(".")
    borrowed = b64(json.dumps(header_of(f"{protected}..x") | {"x5t#S256": thumbprint}).encode())
    assert refused(f"{borrowed}..{signature}") == "signature-wrong"
    mine = genuine().split(".")[0]
    for size in (1, 63, 65, 96):
        assert refused(f"{mine}..{b64(b'x' * size)}") == "signature-wrong"
    assert refused(f"{mine}..{b64(bytes(64))}") == "signature-wrong"


def test_pkcs1_and_pss_are_not_taken_for_each_other() -> None:
    protected = genuine("rsa").split(".")[0]
    private = key("rsa").private_key
    assert isinstance(private, rsa.RSAPrivateKey)
    signature = private.sign(f"{protected}.{b64(PAYLOAD)}".encode(), PKCS1v15(), SHA256())
    assert refused(f"{protected}..{b64(signature)}", kind="rsa") == "signature-wrong"


@pytest.mark.parametrize("name", ["iss", "aud", "iat", "exp", "jti", "agr", "int"])
def test_every_claim_is_there(name: str) -> None:
    assert refused(forged(lambda header: header.pop(name))) == "signature-claims"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "dinkes"},
        {"aud": "dinkes"},
        {"aud": ["dpmptsp"]},
        {"jti": ""},
        {"jti": "x" * 257},
        {"rel": 5},
        {"leaf": None},
        {"iat": True},
        {"iat": 1.5},
        {"iat": -1},
        {"iat": 2**40},
        {"iat": "1772420400"},
        {"exp": int(AT.timestamp())},
        {"exp": int((AT + LIFE).timestamp()) + 1},
    ],
)
def test_claims_that_do_not_hold_are_refused(change: dict[str, object]) -> None:
    assert refused(forged(lambda header: header.update(change))) == "signature-claims"


@pytest.mark.parametrize("seconds", [1, 299, 300])
def test_a_token_lives_up_to_300_seconds(seconds: int) -> None:
    assert verify(genuine(exp=AT + timedelta(seconds=seconds))).claims.iat == AT


def at(seconds: int) -> datetime:
    return datetime(2026, 3, 2, 3, 0, tzinfo=UTC) + timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds", [-60, 0, 300, 360])
def test_a_message_is_fresh_from_a_skew_before_to_a_skew_after_its_window(seconds: int) -> None:
    check_fresh(at(0), at(300), at(seconds))


@pytest.mark.parametrize(
    ("created", "expires", "now", "code"),
    [
        (0, 300, -61, "timestamp-future"),
        (0, 300, 361, "timestamp-stale"),
        (0, 3600, 361, "timestamp-stale"),
        (0, 10, 71, "timestamp-stale"),
    ],
)
def test_outside_its_window_it_is_not(created: int, expires: int, now: int, code: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        check_fresh(at(created), at(expires), at(now))
    assert caught.value.code == code


def test_window_and_skew_can_be_agreed() -> None:
    check_fresh(at(0), at(900), at(905), window_s=900, skew_s=5)
    with pytest.raises(Unauthenticated):
        check_fresh(at(0), at(900), at(906), window_s=900, skew_s=5)
