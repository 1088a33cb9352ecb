"""Pasal 20 d: who does not prove to be an agency is refused, counted by the minute, and not believed in anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeAlias

import pytest
from lxml import etree

from conformance.signing import oss, soap, wss
from gateway.trust.keys import fingerprint
from tests.exchange import voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import SECRETS, Stage

Attempt: TypeAlias = Callable[[Stage], voices.Said]
STRANGER = "stranger"


def _soap(change: Callable[[etree._Element], None]) -> Attempt:
    """A genuine message, changed on its way by somebody without the key."""

    def attempt(stage: Stage) -> voices.Said:
        whole = voices.envelope(voices.recommendation("K-2026-000017"), relates_to="urn:uuid:x")
        root = etree.fromstring(wss.sign(whole, agency_identity("dpupr"), at=stage.clock()))
        change(root)
        return voices.post(stage, voices.SOAP_PATH, etree.tostring(root), voices.SOAP_12)

    return attempt


def _signed(change: Callable[[etree._Element], None], signer: str = "dpupr") -> Attempt:
    """A message that its sender made so, and signed."""

    def attempt(stage: Stage) -> voices.Said:
        whole = voices.envelope(voices.recommendation("K-2026-000017"), relates_to="urn:uuid:x")
        change(whole)
        return voices.post(
            stage,
            voices.SOAP_PATH,
            wss.sign(whole, agency_identity(signer), at=stage.clock()),
            voices.SOAP_12,
        )

    return attempt


def _text(name: str, value: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        found = root.find(f".//{name}")
        assert found is not None
        found.text = value

    return change


def _without(name: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        found = root.find(f".//{name}")
        assert found is not None
        parent = found.getparent()
        assert parent is not None
        parent.remove(found)

    return change


def _wrapped(root: etree._Element) -> None:
    """Signature wrapping: the signed Body is moved into a header block, and another Body takes its place."""
    body = root.find(f"{{{soap.SOAP_12}}}Body")
    assert body is not None
    other = etree.fromstring(etree.tostring(body))
    official = other.find(f".//{{{voices.ANSWER}}}official")
    assert official is not None
    official.text = "Orang Lain"
    other.attrib.pop(f"{{{wss.WSU}}}Id")
    root.replace(body, other)
    holder = etree.SubElement(root[0], "{urn:any}Moved")
    holder.append(body)


def _extra_block(root: etree._Element) -> None:
    etree.SubElement(root[0], f"{WSA}ReplyTo").text = "x"


WSA = f"{{{soap.WSA}}}"
SOAP_ATTEMPTS: Mapping[str, tuple[Attempt, str]] = {
    "a key that nobody registered": (_signed(lambda _root: None, STRANGER), "certificate-unknown"),
    "another body under the signature": (
        _soap(_text(f"{{{voices.ANSWER}}}official", "Orang Lain")),
        "signature-digest",
    ),
    "a wrapped body": (_soap(_wrapped), "signature-wrapped"),
    "a header block that is not signed": (_soap(_extra_block), "signature-part-missing"),
    "another signature value": (_soap(_text(f"{{{wss.DS}}}SignatureValue", "AAAA")), "signature-wrong"),
    "no signature": (_soap(_without(f"{{{wss.DS}}}Signature")), "signature-missing"),
    "no security at all": (_soap(_without(f"{{{wss.WSSE}}}Security")), "signature-missing"),
    "another address": (_signed(_text(f"{WSA}To", "https://hub.example/soap/dpupr/other")), "signature-claims"),
    "another action": (_signed(_text(f"{WSA}Action", "urn:other#Thing")), "signature-claims"),
    "no message id": (_signed(_without(f"{WSA}MessageID")), "signature-part-missing"),
}
JWS_ATTEMPTS: Mapping[str, tuple[Attempt, str]] = {
    "another body": (lambda stage: voices.ask_validity(stage, signed=b'{"permitNumber":"2"}'), "signature-wrong"),
    "an unknown key": (
        lambda stage: voices.ask_validity(stage, signer=agency_identity(STRANGER)),
        "certificate-unknown",
    ),
    "another audience": (lambda stage: voices.ask_validity(stage, aud="bank"), "signature-claims"),
    "another sender": (lambda stage: voices.ask_validity(stage, iss="bank"), "signature-claims"),
    "another interaction": (lambda stage: voices.ask_validity(stage, int="other"), "signature-claims"),
    "no signature": (
        lambda stage: voices.post(stage, voices.JWS_PATH, b'{"permitNumber":"1"}', voices.JSON),
        "signature-missing",
    ),
    "no detached signature": (
        lambda stage: voices.post(stage, voices.JWS_PATH, b"{}", voices.JSON, X_JWS_Signature="a.b.c"),
        "signature-malformed",
    ),
}


@pytest.mark.parametrize(
    ("attempts", "name"), [(each, name) for each in (SOAP_ATTEMPTS, JWS_ATTEMPTS) for name in each]
)
def test_an_unproven_message_is_refused_with_its_code_and_counted(
    stage: Stage, attempts: Mapping[str, tuple[Attempt, str]], name: str
) -> None:
    attempt, code = attempts[name]
    with stage.unchanged("exchange", "exchange_part", "leaf"):
        said = attempt(stage)
    assert (said.code, said.clause) == (code, "Pasal 20 d")
    assert said.status == (400 if attempts is SOAP_ATTEMPTS else 401)
    assert stage.refusals() == {code: 1}


def _yesterday(stage: Stage) -> str:
    secrets = SECRETS["oss"]
    return oss.token(secrets["username"], secrets["password"], "0000000000017", stage.clock() - timedelta(days=1))


IN_A_DIALECT: Mapping[str, tuple[Attempt, str, int, str]] = {
    "snap: another secret": (lambda s: voices.ask_bill(s, secret="other"), "signature-wrong", 401, "4012400"),
    "snap: a token of nobody": (lambda s: voices.ask_bill(s, token="99.ab"), "token-wrong", 401, "4012401"),
    "snap: no token": (lambda s: voices.ask_bill(s, token="x", Authorization="none"), "token-wrong", 401, "4012401"),
    "snap: another partner": (
        lambda s: voices.ask_bill(s, X_PARTNER_ID="other"),
        "credentials-wrong",
        401,
        "4012400",
    ),
    "oss: another token": (lambda s: voices.send_nib(s, token="0" * 40), "token-wrong", 401, "2"),
    "oss: no token": (lambda s: voices.send_nib(s, token=""), "token-wrong", 401, "2"),
    "oss: yesterday's token": (lambda s: voices.send_nib(s, token=_yesterday(s)), "token-expired", 401, "2"),
}


@pytest.mark.parametrize("name", IN_A_DIALECT)
def test_an_unproven_message_is_refused_in_its_agencys_own_dialect(stage: Stage, name: str) -> None:
    attempt, code, status, verdict = IN_A_DIALECT[name]
    with stage.unchanged("exchange", "exchange_part", "leaf"):
        said = attempt(stage)
    assert said.status == status
    assert (said.json.get("responseCode") or said.json["responreceiveNIB"]["status"]) == verdict
    assert stage.refusals() == {code: 1}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"X_EXTERNAL_ID": "17a"}, "signature-wrong"),
        ({"X_TIMESTAMP": "yesterday"}, "timestamp-missing"),
        ({"X_TIMESTAMP": "2026-03-02T10:00:00"}, "timestamp-missing"),
    ],
)
def test_a_snap_header_of_the_wrong_form_is_refused(stage: Stage, headers: Mapping[str, Any], code: str) -> None:
    said = voices.ask_bill(stage, **headers)
    assert said.status in (400, 401)
    assert stage.refusals() == {code: 1}


def test_a_snap_token_ends_after_fifteen_minutes_and_a_new_one_is_given(stage: Stage) -> None:
    access = voices.ask_token(stage).json["accessToken"]
    stage.clock.advance(seconds=899)
    assert voices.ask_bill(stage, token=access).json["responseCode"] == "4042412"
    stage.clock.advance(seconds=2)
    assert voices.ask_bill(stage, token=access, external="18").json["responseCode"] == "4012401"
    assert voices.ask_bill(stage, external="19").json["responseCode"] == "4042412"
    assert stage.refusals() == {"token-expired": 1}


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda s: voices.ask_token(s, client="other"), "credentials-wrong"),
        (lambda s: voices.ask_token(s, X_SIGNATURE="AAAA"), "signature-wrong"),
        (lambda s: voices.ask_token(s, X_SIGNATURE="not base64"), "signature-wrong"),
        (lambda s: voices.ask_token(s, X_TIMESTAMP=""), "timestamp-missing"),
        (lambda s: voices.ask_token(s, at=s.clock() - timedelta(seconds=301)), "timestamp-stale"),
        (lambda s: voices.ask_token(s, at=s.clock() + timedelta(seconds=301)), "timestamp-future"),
        (lambda s: voices.post(s, voices.TOKEN_PATH, b"{}", voices.JSON), "credentials-wrong"),
        (lambda s: voices.post(s, voices.TOKEN_PATH, b"{", voices.JSON), "credentials-wrong"),
    ],
)
def test_no_snap_token_is_given_to_a_stranger(stage: Stage, ask: Attempt, code: str) -> None:
    said = ask(stage)
    assert (said.status, said.json["responseCode"]) == (401, "4017300")
    assert stage.refusals() == {code: 1}


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 4000,
        b"[" * 200_000,
        b"\xff",
        b'{"grantType":"client_credentials","grantType":"other"}',
        b"1e999",
        b"{}",
        b"",
    ],
    ids=["deep", "deep-and-large", "no-utf-8", "member-twice", "number", "without-grant", "nothing"],
)
def test_a_token_request_that_is_none_is_refused_in_the_standard_s_form(stage: Stage, body: bytes) -> None:
    said = voices.post(stage, voices.TOKEN_PATH, body, voices.JSON)
    assert (said.status, said.json["responseCode"]) == (401, "4017300")
    assert stage.refusals() == {"credentials-wrong": 1}


def test_a_snap_token_is_given_to_the_bank(stage: Stage) -> None:
    said = voices.ask_token(stage).json
    assert (said["responseCode"], said["expiresIn"]) == ("2007300", "900")
    assert stage.refusals() == {}


def test_a_wrong_key_of_the_sms_aggregator_is_refused(stage: Stage) -> None:
    with stage.unchanged("exchange"):
        said = voices.report(stage, key="other")
    assert (said.status, said.code) == (401, "credentials-wrong")
    assert stage.refusals() == {"credentials-wrong": 1}


def test_a_revoked_certificate_proves_nothing_from_that_moment_on(stage: Stage) -> None:
    assert voices.ask_validity(stage, jti="a").code == "not-found"
    found = fingerprint(agency_identity("dpupr").certificate)
    stage.hub.store.registry.revoke_certificate(found, "hilang", "staff/siti")
    assert voices.ask_validity(stage, jti="b").code == "certificate-revoked"


def test_strangers_of_one_minute_become_one_leaf_with_their_counts(stage: Stage) -> None:
    for key in ("a", "b", "c"):
        voices.report(stage, key=key)
    voices.ask_validity(stage, aud="bank")
    assert stage.hub.refusals.run_once() == 0
    stage.clock.advance(seconds=60)
    assert stage.hub.refusals.run_once() == 1
    (leaf,) = [
        said
        for row in stage.hub.store.reader.pending_leaves()
        if (said := json.loads(row.canonical))["kind"] == "refused-unknown"
    ]
    counts = {name.partition(":")[2]: count for name, count in leaf["extra"].items() if ":" in name}
    assert counts == {"credentials-wrong": 3, "signature-claims": 1}
    assert leaf["extra"]["total"] == 4
    assert stage.refusals() == {}


OLD: Mapping[str, tuple[str, Callable[[Stage, timedelta], voices.Said]]] = {
    "soap": (
        "dpupr",
        lambda s, age: voices.post(
            s,
            voices.SOAP_PATH,
            wss.sign(
                voices.envelope(voices.recommendation("K-1"), relates_to="urn:x"),
                agency_identity("dpupr"),
                at=s.clock() - age,
            ),
            voices.SOAP_12,
        ),
    ),
    "jws": ("dpupr", lambda s, age: voices.ask_validity(s, at=s.clock() - age)),
    "snap": ("bank", lambda s, age: voices.ask_bill(s, at=s.clock() - age)),
}


@pytest.mark.parametrize("name", OLD)
@pytest.mark.parametrize(
    ("age", "code"), [(timedelta(seconds=700), "timestamp-stale"), (timedelta(seconds=-700), "timestamp-future")]
)
def test_an_old_or_future_timestamp_is_refused_and_recorded_and_the_same_message_may_come_fresh(
    stage: Stage, name: str, age: timedelta, code: str
) -> None:
    agency, say = OLD[name]
    with stage.unchanged():
        said = say(stage, age)
    assert said.status in (400, 401)
    if name != "snap":
        assert (said.code, said.clause) == (code, "Pasal 20 d")
    (row,) = stage.exchanges(agency)
    assert (row.code, row.message_id) == (code, None)
    say(stage, timedelta(0))
    fresh = next(each for each in stage.exchanges(agency) if each.id != row.id)
    assert fresh.code in ("correlation-unknown", "not-found")
    assert fresh.message_id is not None
