"""Compact JWE: ours against joserfc in both directions, RFC 7518's own vector, and each refusal by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe as theirs
from joserfc.jwk import ECKey, RSAKey

from gateway.domain.errors import GatewayError, Misconfigured
from gateway.trust import jwe
from gateway.trust.compact import decode, encode
from gateway.trust.keys import SigningKey
from tests.trust.parties import certificate, key, private_key

BODY = '{"nama":"Siti Contoh é"}'.encode()
ALGORITHMS = ["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW", "A128GCM", "A256GCM"]
MAX = 100_000


def jwk(kind: str) -> RSAKey | ECKey:
    made = RSAKey if kind == "rsa" else ECKey
    return made.import_key(key(kind).private_pem())


def sent(kind: str = "rsa", **header: object) -> bytes:
    """What joserfc makes of it."""
    alg = "RSA-OAEP-256" if kind == "rsa" else "ECDH-ES"
    said: dict[str, Any] = {"alg": alg, "enc": "A256GCM", **header}
    return theirs.encrypt_compact(
        said, BODY, jwk(kind), algorithms=[*ALGORITHMS, str(said["alg"]), str(said["enc"])]
    ).encode()


def opened(token: bytes, *keys: SigningKey) -> bytes:
    return jwe.decrypt(token, keys or [key("rsa")], max_bytes=MAX).plaintext


def code(token: bytes, *keys: SigningKey) -> str:
    with pytest.raises(GatewayError) as caught:
        opened(token, *keys)
    assert caught.value.text.isprintable()
    return caught.value.code


def with_header(token: bytes, **members: object) -> bytes:
    """The token under another header; None takes a member away. The tag no longer fits."""
    protected, *rest = token.decode().split(".")
    header = {**json.loads(decode(protected)), **members}
    said = {name: value for name, value in header.items() if value is not None}
    return ".".join([encode(json.dumps(said).encode()), *rest]).encode()


def with_part(token: bytes, number: int, data: str) -> bytes:
    parts = token.decode().split(".")
    parts[number] = data
    return ".".join(parts).encode()


# --- both ways against joserfc ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384"])
def test_joserfc_reads_what_we_write(kind: str) -> None:
    token = jwe.encrypt(BODY, "application/problem+json", key(kind).certificate)
    found = theirs.decrypt_compact(token.decode(), jwk(kind), algorithms=ALGORITHMS)
    assert found.plaintext == BODY
    assert found.protected["cty"] == "problem+json"
    assert jwe.decrypt(token, [key(kind)], max_bytes=MAX) == jwe.Opened(BODY, "application/problem+json")


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
@pytest.mark.parametrize(
    ("kind", "alg"),
    [
        ("rsa", "RSA-OAEP-256"),
        ("p256", "ECDH-ES"),
        ("p256", "ECDH-ES+A256KW"),
        ("p384", "ECDH-ES"),
        ("p384", "ECDH-ES+A256KW"),
    ],
)
def test_we_read_what_joserfc_writes(kind: str, alg: str, enc: str) -> None:
    assert opened(sent(kind, alg=alg, enc=enc), key(kind)) == BODY
    if kind != "rsa":
        parties = {"apu": encode(b"dpupr"), "apv": encode(b"dpmptsp")}
        assert opened(sent(kind, alg=alg, enc=enc, **parties), key(kind)) == BODY


def test_the_derived_key_is_that_of_rfc_7518_appendix_c() -> None:
    curve = ec.SECP256R1()
    alice = ec.EllipticCurvePublicNumbers(
        int.from_bytes(decode("gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0")),
        int.from_bytes(decode("SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps")),
        curve,
    ).public_key()
    bob = ec.derive_private_key(int.from_bytes(decode("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw")), curve)
    shared = bob.exchange(ec.ECDH(), alice)
    assert encode(jwe.derive(shared, "A128GCM", 16, b"Alice", b"Bob")) == "VqqN6vgjbSBcIijNcacQGg"


@given(st.binary(max_size=2000))
def test_any_body_comes_back(body: bytes) -> None:
    assert opened(jwe.encrypt(body, "application/json", key("p256").certificate), key("p256")) == body


def test_the_certificate_that_is_named_is_a_hint() -> None:
    named = [{}, {"kid": key("rsa").fingerprint}, {"kid": encode(bytes.fromhex(key("rsa").fingerprint))}]
    named += [
        {"x5t#S256": encode(bytes.fromhex(key("rsa").fingerprint))},
        {"kid": "nobody"},
        {"typ": "JOSE", "cty": "json"},
    ]
    for header in named:
        for keys in ((key("rsa"), key("rsa", 1)), (key("p256"), key("rsa", 1), key("rsa"))):
            assert opened(sent(**header), *keys) == BODY
        assert code(sent(**header), key("rsa", 1)) == "decryption-failed"


# --- refusals -----------------------------------------------------------------------------------------------------

POLICY: Mapping[str, dict[str, object]] = {
    "zip": {"zip": "DEF"},
    "crit": {"crit": ["exp"], "exp": 1},
    "jku": {"jku": "https://example/keys"},
    "jwk": {"jwk": {"kty": "RSA"}},
    "x5c": {"x5c": ["AAAA"]},
    "x5u": {"x5u": "https://example/c"},
    "an unknown member": {"iat": 17},
    "RSA-OAEP": {"alg": "RSA-OAEP"},
    "RSA1_5": {"alg": "RSA1_5"},
    "dir": {"alg": "dir"},
    "A256KW": {"alg": "A256KW"},
    "PBES2": {"alg": "PBES2-HS256+A128KW"},
    "none": {"alg": "none"},
    "ECDH-ES+A128KW": {"alg": "ECDH-ES+A128KW"},
    "A128CBC-HS256": {"enc": "A128CBC-HS256"},
    "A192GCM": {"enc": "A192GCM"},
    "XC20P": {"enc": "XC20P"},
}


@pytest.mark.parametrize("name", POLICY)
def test_what_is_not_allowed_is_refused_by_name(name: str) -> None:
    token = jwe.encrypt(BODY, "application/json", key("rsa").certificate)
    with pytest.raises(GatewayError) as caught:
        opened(with_header(token, **POLICY[name]))
    assert caught.value.code == "encryption-policy"
    assert any(str(word) in caught.value.text for pair in POLICY[name].items() for word in pair)


def test_algorithm_and_curve_go_with_our_key_or_are_refused_with_the_one_that_does() -> None:
    with pytest.raises(GatewayError) as caught:
        opened(sent("p256"), key("rsa"))
    assert (caught.value.code, "RSA-OAEP-256" in caught.value.text) == ("encryption-policy", True)
    assert code(sent("p256"), key("p384")) == "encryption-policy"
    assert code(sent("rsa"), key("p256")) == "encryption-policy"
    with pytest.raises(Misconfigured) as unfit:
        opened(sent("rsa"), key("ed25519"))
    assert unfit.value.code == "key-not-for-encryption"


POINT = json.loads(decode(sent("p256").decode().split(".")[0]))["epk"]
MALFORMED: Mapping[str, bytes] = {
    "nothing": b"",
    "four parts": b"a.b.c.d",
    "six parts": b"a.b.c.d.e.f",
    "JSON": b'{"permitNumber":"1"}',
    "not ASCII": b"\xff....",
    "a long header": b"A" * 5000 + b"....",
    "header that is no base64": with_part(sent(), 0, "!"),
    "header that is padded": with_part(sent(), 0, sent().decode().split(".")[0] + "="),
    "header that is no JSON": with_part(sent(), 0, encode(b"{")),
    "header that is a list": with_part(sent(), 0, encode(b"[]")),
    "header that is deep": with_part(sent(), 0, encode(b"[" * 2900)),
    "a member twice": with_part(sent(), 0, encode(b'{"alg":"RSA-OAEP-256","alg":"RSA-OAEP-256","enc":"A256GCM"}')),
    "NaN": with_part(sent(), 0, encode(b'{"alg":NaN,"enc":"A256GCM"}')),
    "alg of a number": with_header(sent(), alg=1),
    "no alg": with_header(sent(), alg=None),
    "no enc": with_header(sent(), enc=None),
    "cty of something else": with_header(sent(), cty="JWT"),
    "typ of something else": with_header(sent(), typ="JWT"),
    "kid of a list": with_header(sent(), kid=[]),
    "epk with RSA": with_header(sent(), epk=POINT),
    "apu with RSA": with_header(sent(), apu="AAAA"),
    "a short IV": with_part(sent(), 2, encode(b"x" * 11)),
    "a long IV": with_part(sent(), 2, encode(b"x" * 16)),
    "a short tag": with_part(sent(), 4, encode(b"x" * 4)),
    "an IV in padded base64": with_part(sent(), 2, encode(b"x" * 12) + "="),
    "a ciphertext in another base64": with_part(sent(), 3, "a+/b"),
    "a key longer than keys are": with_part(sent(), 1, encode(b"x" * 1025)),
}
AGREED: Mapping[str, bytes] = {
    "no epk": with_header(sent("p256"), epk=None),
    "epk that is a text": with_header(sent("p256"), epk="x"),
    "epk of another type": with_header(sent("p256"), epk={**POINT, "kty": "OKP"}),
    "epk with a private part": with_header(sent("p256"), epk={**POINT, "d": POINT["x"]}),
    "epk off its curve": with_header(sent("p256"), epk={**POINT, "y": POINT["x"]}),
    "epk at zero": with_header(sent("p256"), epk={**POINT, "x": encode(bytes(32)), "y": encode(bytes(32))}),
    "epk beyond the field": with_header(sent("p256"), epk={**POINT, "x": encode(b"\xff" * 32)}),
    "epk with short coordinates": with_header(sent("p256"), epk={**POINT, "x": encode(b"x" * 31)}),
    "epk without y": with_header(sent("p256"), epk={name: POINT[name] for name in ("kty", "crv", "x")}),
    "apu that is no base64": with_header(sent("p256"), apu="!"),
    "apv that is long": with_header(sent("p256"), apv="A" * 300),
    "an encrypted key with ECDH-ES": with_part(sent("p256"), 1, encode(b"x" * 40)),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_has_another_shape_is_refused(name: str) -> None:
    assert code(MALFORMED[name]) == "encryption-malformed"


@pytest.mark.parametrize("name", AGREED)
def test_what_ecdh_needs_has_to_be_right(name: str) -> None:
    assert code(AGREED[name], key("p256")) == "encryption-malformed"
    assert opened(sent("p256"), key("p256")) == BODY


@pytest.mark.parametrize("curve", ["P-521", "secp256k1", "X25519", 256, None])
def test_a_point_on_another_curve_is_refused(curve: object) -> None:
    assert code(with_header(sent("p256"), epk={**POINT, "crv": curve}), key("p256")) == "encryption-policy"


@pytest.mark.parametrize(("kind", "alg"), [("rsa", "RSA-OAEP-256"), ("p256", "ECDH-ES"), ("p256", "ECDH-ES+A256KW")])
def test_every_flipped_bit_gives_the_same_answer(kind: str, alg: str) -> None:
    token = sent(kind, alg=alg)
    texts = set()
    for number in range(1, 5):
        part = bytearray(decode(token.decode().split(".")[number]))
        for place in (0, len(part) // 2, -1) if part else ():
            changed = bytearray(part)
            changed[place] ^= 1
            with pytest.raises(GatewayError) as caught:
                opened(with_part(token, number, encode(bytes(changed))), key(kind))
            texts.add((caught.value.code, caught.value.text))
    with pytest.raises(GatewayError) as caught:
        opened(with_header(token, cty="json"), key(kind))
    texts.add((caught.value.code, caught.value.text))
    with pytest.raises(GatewayError) as caught:
        opened(token, key(kind, 1))
    texts.add((caught.value.code, caught.value.text))
    assert {each for each, _ in texts} == {"decryption-failed"}
    assert len(texts) == 1


def test_a_content_key_of_another_length_fails_as_any_other() -> None:
    short = sent(enc="A128GCM")
    assert code(with_header(short, enc="A256GCM")) == "decryption-failed"


def test_only_so_much_is_read() -> None:
    with pytest.raises(GatewayError) as caught:
        jwe.decrypt(sent(), [key("rsa")], max_bytes=100)
    assert caught.value.code == "body-too-large"


def test_what_is_encrypted_to_are_rsa_and_the_two_curves() -> None:
    for kind in ("ed25519", "p521", "rsa-weak"):
        with pytest.raises(Misconfigured) as caught:
            jwe.encrypt(BODY, "application/json", certificate(private_key(kind)))
        assert caught.value.code == "key-not-for-encryption"
