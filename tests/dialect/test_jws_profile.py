"""The profile `jws` by itself, against signing code written apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from conformance.signing import encryption, jws
from gateway.dialect.jws import Jws
from gateway.dialect.party import Proven
from gateway.dialect.rest import Heard
from gateway.domain.errors import Unauthenticated
from tests.dialect.spoken import answering, asking, hub, message, party, refusal
from tests.exchange.keys import AT, agency_identity

CLAIMS = {"iss": "dpupr", "aud": "dpmptsp", "jti": "m-1", "agr": "dpupr-2026/1.0", "int": "permit-validity"}


def test_a_jws_proves_who_said_what_when_under_which_agreement() -> None:
    body = b'{"b": 1, "a": 2}'
    token = jws.sign_detached(body, agency_identity("dpupr"), CLAIMS, at=AT)
    proven = Jws().authenticate(message(body, X_JWS_Signature=token), json.loads(body), party(), hub(), AT)
    assert (proven.agency, proven.message_id, proven.agreement) == ("dpupr", "m-1", "dpupr-2026/1.0")
    assert proven.content == b'{"a":2,"b":1}'
    assert (proven.created, proven.expires) == (AT, AT + timedelta(seconds=300))
    assert proven.actor.startswith("certificate/")
    Jws().check_fresh(proven, AT)
    Jws().check_fresh(Proven(agency="x", actor="x", content=b"", document={}), AT)
    with pytest.raises(Unauthenticated) as raised:
        Jws().check_fresh(proven, AT + timedelta(hours=1))
    assert raised.value.code == "timestamp-stale"


@pytest.mark.parametrize("member", ["iss", "int"])
def test_a_jws_of_another_sender_or_interaction_is_refused(member: str) -> None:
    token = jws.sign_detached(b"{}", agency_identity("dpupr"), {**CLAIMS, member: "other"}, at=AT)
    assert refusal(Jws(), message(X_JWS_Signature=token), {}, party()) == "signature-claims"


def test_our_jws_answer_names_request_and_leaf() -> None:
    proven = Proven(agency="dpupr", actor="x", content=b"", document={}, message_id="m-1")
    headers = Jws().seal(answering(proven, b"{}"), hub(), AT)
    trusted = [agency_identity("hub").certificate]
    claims = jws.verify_detached(headers["X-JWS-Signature"], b"{}", trusted, issuer="dpmptsp", audience="dpupr", at=AT)
    assert (claims["rel"], claims["leaf"]) == (jws.body_digest(b'{"a":1}'), "ab" * 32)
    assert claims["jti"] == "m-1.answer"


def test_our_jws_request_is_signed_as_it_leaves_and_stored_without_its_secrets() -> None:
    sealed = Jws().seal_request(asking(a="x", hidden="{{secret:user_key}}"), party(), hub(), AT)
    assert json.loads(sealed.body) == {"a": "x", "hidden": "k"}
    assert json.loads(sealed.stored_body) == {"a": "x", "hidden": "{{secret:user_key}}"}
    trusted = [agency_identity("hub").certificate]
    token = sealed.headers["X-JWS-Signature"]
    claims = jws.verify_detached(token, sealed.body, trusted, issuer="dpmptsp", audience="dpupr", at=AT)
    assert (claims["jti"], claims["int"], "rel" in claims) == ("urn:uuid:1", "permit-validity", False)


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_our_jws_request_leaves_encrypted_after_it_was_signed_and_is_stored_without_its_secrets(kind: str) -> None:
    agency = agency_identity("dpupr", kind)
    said = replace(asking(a="x", hidden="{{secret:user_key}}"), recipient=agency.certificate)
    sealed = Jws().seal_request(said, party(), hub(), AT)
    assert sealed.headers["Content-Type"] == "application/jose"
    assert sealed.stored_body == sealed.body
    assert sealed.signed == encryption.decrypt_json(sealed.body, agency)
    assert json.loads(sealed.signed) == {"a": "x", "hidden": "k"}
    assert json.loads(sealed.stored_plain or b"") == {"a": "x", "hidden": "{{secret:user_key}}"}
    trusted = [agency_identity("hub").certificate]
    token = sealed.headers["X-JWS-Signature"]
    claims = jws.verify_detached(token, sealed.signed, trusted, issuer="dpmptsp", audience="dpupr", at=AT)
    reply = jws.sign_detached(b"[]", agency_identity("dpupr"), {**CLAIMS, "rel": jws.body_digest(sealed.signed)}, at=AT)
    heard = Heard(status=200, headers={"x-jws-signature": reply}, body=b"[]")
    Jws().check_reply(heard, said, sealed, party(), hub(), AT)
    assert claims["jti"] == "urn:uuid:1"


def _reply(*, at: datetime = AT, **claims: str) -> tuple[Heard, Any]:
    sealed = Jws().seal_request(asking(a="x"), party(), hub(), AT)
    said = {**CLAIMS, "rel": jws.body_digest(sealed.body), **claims}
    token = jws.sign_detached(b"[]", agency_identity("dpupr"), said, at=at)
    return Heard(status=200, headers={"x-jws-signature": token}, body=b"[]"), sealed


def test_a_signed_reply_to_this_request_is_believed() -> None:
    heard, sealed = _reply()
    Jws().check_reply(heard, asking(a="x"), sealed, party(), hub(), AT)


@pytest.mark.parametrize(
    ("twist", "code"),
    [
        ({"rel": "AAAA"}, "signature-claims"),
        ({"iss": "bank"}, "signature-claims"),
        ({"aud": "bank"}, "signature-claims"),
        ({"at": AT - timedelta(hours=1)}, "timestamp-stale"),
    ],
)
def test_a_reply_to_another_request_from_another_or_of_yesterday_is_not_believed(
    twist: Mapping[str, Any], code: str
) -> None:
    heard, sealed = _reply(**twist)
    with pytest.raises(Unauthenticated) as raised:
        Jws().check_reply(heard, asking(a="x"), sealed, party(), hub(), AT)
    assert raised.value.code == code
