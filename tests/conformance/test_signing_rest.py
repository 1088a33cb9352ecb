"""Detached JWS, SNAP BI's signatures, the OSS token and proof of possession."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from conformance.signing import jws, oss, snap
from conformance.signing.keys import Identity, PrivateKey, load_identity, make_identity, self_signed
from gateway.domain.errors import Misconfigured, Unauthenticated
from tests.conformance.conftest import NOW

BODY = b'{"permitNumber":"503/1/2026"}'
CLAIMS = {"iss": "dpupr", "aud": "dpmptsp", "jti": "m-1", "agr": "dpupr-2026/1.0", "int": "permit-validity"}


def check(token: str, identity: Identity, body: bytes = BODY, at: datetime = NOW) -> dict[str, str | int]:
    return jws.verify_detached(token, body, [identity.certificate], issuer="dpupr", audience="dpmptsp", at=at)


def test_a_detached_jws_verifies_over_the_exact_body(agency: Identity) -> None:
    token = jws.sign_detached(BODY, agency, CLAIMS, at=NOW)
    header = check(token, agency)
    assert token.count("..") == 1
    assert header["alg"] == "RS256"
    assert {name: header[name] for name in CLAIMS} == CLAIMS


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(ec.generate_private_key(ec.SECP256R1()), "ES256"), (ed25519.Ed25519PrivateKey.generate(), "Ed25519")],
)
def test_other_keys_sign_with_their_own_algorithm(key: PrivateKey, algorithm: str) -> None:
    identity = Identity(key, self_signed(key, "other", serial=9, at=NOW))
    assert check(jws.sign_detached(BODY, identity, CLAIMS, at=NOW), identity)["alg"] == algorithm


def forged(token: str, **members: object) -> str:
    head, _, tail = token.partition("..")
    header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))) | members
    return f"{jws.base64url(json.dumps(header).encode())}..{tail}"


def test_another_body_is_refused(agency: Identity) -> None:
    token = jws.sign_detached(BODY, agency, CLAIMS, at=NOW)
    with pytest.raises(Unauthenticated) as refused:
        check(token, agency, BODY + b" ")
    assert refused.value.code == "signature-wrong"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"alg": "none"}, "algorithm-forbidden"),
        ({"alg": "HS256"}, "algorithm-forbidden"),
        ({"alg": "ES256"}, "algorithm-forbidden"),
        ({"crit": ["b64"], "b64": False}, "not-signed"),
        ({"x5t#S256": "AAAA"}, "certificate-unknown"),
        ({"jti": "m-2"}, "signature-wrong"),
    ],
)
def test_a_changed_header_is_refused_by_name(agency: Identity, members: dict[str, object], code: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        check(forged(jws.sign_detached(BODY, agency, CLAIMS, at=NOW), **members), agency)
    assert refused.value.code == code


@pytest.mark.parametrize("member", ["iss", "aud"])
def test_a_jws_for_others_is_refused(agency: Identity, member: str) -> None:
    token = jws.sign_detached(BODY, agency, CLAIMS | {member: "bank"}, at=NOW)
    with pytest.raises(Unauthenticated) as refused:
        check(token, agency)
    assert refused.value.code == "signature-claims"


def test_a_jws_ages(agency: Identity) -> None:
    token = jws.sign_detached(BODY, agency, CLAIMS, at=NOW)
    assert check(token, agency, at=NOW + timedelta(seconds=359))
    for moment in (NOW + timedelta(seconds=361), NOW - timedelta(seconds=61)):
        with pytest.raises(Unauthenticated) as refused:
            check(token, agency, at=moment)
        assert refused.value.code == "timestamp-stale"


@pytest.mark.parametrize("token", ["", "a..b", "e30..", "e30.e30.e30"])
def test_what_is_no_detached_jws_is_not_read(agency: Identity, token: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        check(token, agency)
    assert refused.value.code == "not-signed"


def test_snap_signs_token_and_transaction_as_published(agency: Identity) -> None:
    moment = snap.timestamp(NOW)
    assert moment == "2026-03-02T09:00:00+07:00"
    key = agency.certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    signature = base64.b64decode(snap.token_signature(agency.key, "client", moment))
    key.verify(signature, b"client|2026-03-02T09:00:00+07:00", padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        key.verify(signature, b"other|2026-03-02T09:00:00+07:00", padding.PKCS1v15(), hashes.SHA256())
    # computed with `openssl dgst -sha512 -hmac secret -binary | base64` over POST:/p:t:<sha256 of {}>:<moment>
    made = snap.transaction_signature("secret", "/p", "t", b"{}", moment)
    assert made == SNAP_BY_OPENSSL
    assert snap.transaction_signature("secret", "/p", "t", b"{ }", moment) != made


SNAP_BY_OPENSSL = "LMLZimNtBbTZ2Re3PxH2R4R15TroGHn1HlDPQmKCaj+pbc8aYx7fqekTkgFgagXBlNAHrgop7T49QuodqfQ7FQ=="


def test_the_oss_token_takes_the_date_of_jakarta() -> None:
    # 23:30 WIB and 00:30 WIB; computed with `printf simojopw0000000000017YYYYMMDD | openssl sha1`
    before, after = datetime(2026, 3, 1, 16, 30, tzinfo=UTC), datetime(2026, 3, 1, 17, 30, tzinfo=UTC)
    assert oss.token("simojo", "pw", "0000000000017", before) == "c46b7ab643a6d9002f59e2f9c1e9adf9d5c51208"
    assert oss.token("simojo", "pw", "0000000000017", after) == "95bb81bbaf39a7e85724ce41dc21bd553eb63ea6"


def test_a_made_identity_is_kept_and_its_key_is_private(tmp_path: Path) -> None:
    made = make_identity(tmp_path, "dpupr", serial=3, at=NOW)
    assert isinstance(made.key, rsa.RSAPrivateKey)
    assert made.key.key_size == 3072
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    assert made.certificate.subject.rfc4514_string() == "CN=dpupr"
    again = make_identity(tmp_path, "dpupr", serial=4, at=NOW)
    assert again.certificate == made.certificate
    assert again.key_pem == made.key_pem


def test_key_and_certificate_must_belong_together(agency_folder: Path, hub_folder: Path) -> None:
    whole = load_identity(agency_folder / "key.pem", agency_folder / "certificate.pem")
    assert whole.certificate.subject.rfc4514_string() == "CN=agency"
    with pytest.raises(Misconfigured):
        load_identity(agency_folder / "key.pem", hub_folder / "certificate.pem")
    with pytest.raises(Misconfigured):
        load_identity(agency_folder / "none.pem", agency_folder / "certificate.pem")


def test_possession_is_proved_over_the_challenge(agency: Identity) -> None:
    key = agency.certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert agency.key_pem != agency.certificate.public_bytes(serialization.Encoding.PEM)
    signature = base64.b64decode(agency.prove_possession("tantangan é"))
    key.verify(signature, "tantangan é".encode(), padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        key.verify(signature, b"tantangan", padding.PKCS1v15(), hashes.SHA256())
