"""An agency tests its connection: what the hub saw comes back signed, with an agreement in force or without."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from conformance.signing import soap
from gateway.contract.message import Message
from gateway.domain.errors import Refused, Unauthenticated, Violation
from gateway.trust.keys import fingerprint
from tests.exchange import meta_voices, voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage

BOTH = pytest.mark.parametrize("transport", meta_voices.BOTH)
ALGORITHMS = {"rest": "ES256", "soap": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}


@BOTH
def test_an_echo_says_what_the_hub_saw(stage: Stage, transport: str) -> None:
    ask, read = meta_voices.BOTH[transport]
    client_time = (stage.clock() - timedelta(seconds=17)).isoformat()
    said = ask(stage, "echo", {"text": "Halo, hub <&>", "clientTime": client_time})
    answered = read(stage, said)
    payload = answered.payload
    (exchange,) = stage.exchanges("dpupr")
    certificate = agency_identity("dpupr").certificate
    assert payload == {
        "text": "Halo, hub <&>",
        "agency": "dpupr",
        "messageId": "m-1",
        "exchange": exchange.id,
        "receivedAt": "2026-03-02T03:00:00.000Z",
        "hubTime": "2026-03-02T03:00:00.000Z",
        "clockSkewS": 17,
        "clockSkewFrom": "client-time",
        "certificate": {
            "fingerprint": fingerprint(certificate),
            "subject": certificate.subject.rfc4514_string(),
            "notAfter": certificate.not_valid_after_utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "daysLeft": (certificate.not_valid_after_utc - stage.clock()).days,
            "uses": ["sign"],
        },
        "algorithm": ALGORITHMS[transport],
        "transport": "rest" if transport == "rest" else "soap-1.2",
        "security": "jws" if transport == "rest" else "wss-x509",
        "agreement": "active: dpupr-2026/1.0",
        "mayExchange": True,
        "address": "127.0.0.1",
        "bytes": len(stage.parts(exchange.id)["request"]),
    }
    assert answered.leaf == stage.hub.store.reader.leaves_of_exchange(exchange.id)[0].hash.hex()
    kinds = [json.loads(leaf)["kind"] for leaf in stage.leaves(exchange.id)]
    assert (kinds, exchange.interaction, exchange.agreement) == (["accepted", "answered"], "meta.echo", "meta/1.0")


def test_an_echo_over_soap_1_1_is_answered_in_soap_1_1(stage: Stage) -> None:
    said = meta_voices.ask_soap(stage, "echo", version=soap.SOAP_11)
    assert said.headers["content-type"].startswith("text/xml")
    assert meta_voices.read_soap(stage, said).payload["transport"] == "soap-1.1"


@BOTH
def test_without_a_time_in_the_body_the_signature_tells_the_clients_clock(stage: Stage, transport: str) -> None:
    ask, read = meta_voices.BOTH[transport]
    said = ask(stage, "echo", at=stage.clock() + timedelta(seconds=41))
    payload = read(stage, said).payload
    assert (payload["clockSkewS"], payload["clockSkewFrom"]) == (-41, "signature")
    assert "text" not in payload


@BOTH
def test_an_agency_without_an_agreement_in_force_may_test_its_connection(stage: Stage, transport: str) -> None:
    ask, read = meta_voices.BOTH[transport]
    stage.cease("dpupr")
    payload = read(stage, ask(stage, "echo")).payload
    assert (payload["mayExchange"], payload["agreement"]) == (False, "none active: dpupr-2026/1.0 is suspended")
    assert voices.ask_validity(stage).code == "no-agreement"


@BOTH
def test_a_suspended_agency_may_test_its_connection_and_hears_why_it_is_suspended(stage: Stage, transport: str) -> None:
    ask, read = meta_voices.BOTH[transport]
    stage.suspend("dpupr", "pemeriksaan kunci")
    payload = read(stage, ask(stage, "echo")).payload
    assert not payload["mayExchange"]
    assert payload["agreement"] == "the agency is suspended (pemeriksaan kunci); active: dpupr-2026/1.0"
    assert voices.ask_validity(stage).code == "agency-suspended"


@BOTH
def test_an_agreement_that_is_past_its_days_is_told_with_them(stage: Stage, transport: str) -> None:
    ask, read = meta_voices.BOTH[transport]
    stage.agree("dpupr", ("valid_from = 2026-01-01", "valid_from = 2026-03-03"))
    payload = read(stage, ask(stage, "echo")).payload
    assert not payload["mayExchange"]
    assert payload["agreement"] == (
        "none active: dpupr-2026/1.0 is suspended; dpupr-2026/1.1 is active, and valid from 2026-03-03 to 2028-12-31"
    )


@BOTH
def test_the_bank_tests_with_its_snap_certificate(stage: Stage, transport: str) -> None:
    ask, read = meta_voices.BOTH[transport]
    payload = read(stage, ask(stage, "echo", agency="bank"), "bank").payload
    assert (payload["agency"], payload["agreement"]) == ("bank", "active: bank-2026/1.0")
    assert payload["algorithm"].lower().endswith(("rs256", "rsa-sha256"))


@BOTH
def test_a_repeat_gets_the_stored_answer_and_other_content_is_refused(stage: Stage, transport: str) -> None:
    ask, _ = meta_voices.BOTH[transport]
    first = ask(stage, "echo", {"text": "satu"})
    with stage.unchanged("exchange", "leaf"):
        again = ask(stage, "echo", {"text": "satu"})
    other = ask(stage, "echo", {"text": "dua"})
    assert (again.status, again.body) == (200, first.body)
    assert other.code == "message-id-reused"


@BOTH
def test_an_echo_names_every_violation_of_its_schema(stage: Stage, transport: str) -> None:
    ask, _ = meta_voices.BOTH[transport]
    said = ask(stage, "echo", {"text": "a" * 1025, "clientTime": "2026-03-02"})
    assert said.code == "schema-violation"
    assert {path.rpartition("/")[2] for path in said.paths} == {"clientTime", "text"}
    assert (
        ask(stage, "echo", {"text": "a" * 1024, "clientTime": "2026-03-02T10:00:00Z"}, message_id="m-2").status == 200
    )


@BOTH
@pytest.mark.parametrize("time", ["2026-03-02T24:00:00Z", "2026-12-31T23:59:60Z"])
def test_a_time_that_no_clock_shows_is_refused(stage: Stage, transport: str, time: str) -> None:
    ask, _ = meta_voices.BOTH[transport]
    said = ask(stage, "echo", {"clientTime": time})
    assert (said.code, [path.rpartition("/")[2] for path in said.paths]) == ("schema-violation", ["clientTime"])


@BOTH
@pytest.mark.parametrize(
    ("agency", "signer", "code"),
    [
        ("dpupr", "stranger", "certificate-unknown"),
        ("dpupr", "bank", "certificate-unknown"),
        ("oss", "oss", "certificate-unknown"),
    ],
)
def test_whoever_is_not_proven_hears_nothing_and_is_counted(
    stage: Stage, transport: str, agency: str, signer: str, code: str
) -> None:
    ask, _ = meta_voices.BOTH[transport]
    with stage.unchanged("exchange", "leaf"):
        said = ask(stage, "echo", agency=agency, signer=meta_voices.identity(signer))
    assert (said.status, said.code) == (401 if transport == "rest" else 400, code)
    assert stage.refusals() == {code: 1}


@BOTH
def test_an_agency_that_is_unknown_and_a_service_that_is_unknown_are_refused(stage: Stage, transport: str) -> None:
    ask, _ = meta_voices.BOTH[transport]
    assert ask(stage, "echo", agency="nobody").code == "agency-unknown"
    assert ask(stage, "nothing").code == "interaction-unknown"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"agr": "dpupr-2026/1.0"}, "agreement-mismatch"),
        ({"int": "echo"}, "signature-claims"),
        ({"int": "meta/echo"}, "signature-claims"),
        ({"aud": "another"}, "signature-claims"),
    ],
)
def test_the_header_names_the_meta_service_exactly(stage: Stage, claims: dict[str, str], code: str) -> None:
    assert meta_voices.ask_rest(stage, "echo", claims=claims).code == code


@pytest.mark.parametrize("path", ["/rest/dpupr/meta.echo", "/rest/dpupr/meta/meta.echo", "/rest/dpupr/meta/"])
def test_over_rest_there_is_one_address(stage: Stage, path: str) -> None:
    said = voices.post(stage, path, b"{}", voices.JSON)
    assert (said.status, said.code) == (404, "interaction-unknown")


@BOTH
def test_a_stale_echo_is_refused_and_binds_nothing(stage: Stage, transport: str) -> None:
    ask, read = meta_voices.BOTH[transport]
    late = ask(stage, "echo", at=stage.clock() - timedelta(seconds=400))
    assert late.code == "timestamp-stale"
    assert read(stage, ask(stage, "echo")).payload["messageId"] == "m-1"


FOUND = Violation(path="signature/digest", rule="the digest of the bytes", text="another; sign what is sent")


def _finds(_message: Message, refusal: Refused) -> Refused:
    return Unauthenticated(refusal.text, code=refusal.code, clause=refusal.clause, violations=(FOUND,))


@BOTH
@pytest.mark.parametrize("late_s", [0, 400])
def test_what_is_found_besides_is_told_with_the_refusal_of_an_echo_alone(
    stage: Stage, transport: str, late_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, _ = meta_voices.BOTH[transport]
    said = ask(stage, "echo", at=stage.clock() - timedelta(seconds=400))
    assert said.paths == ("clock",)
    for declared in stage.hub.meta.all():
        if declared.name == "meta.echo":
            monkeypatch.setitem(vars(declared), "explain", _finds)
    signer = None if late_s else meta_voices.identity("stranger")
    said = ask(stage, "echo", signer=signer, at=stage.clock() - timedelta(seconds=late_s))
    assert said.code == ("timestamp-stale" if late_s else "certificate-unknown")
    assert said.paths == ("signature/digest",)
    assert ask(stage, "allowed", signer=meta_voices.identity("stranger")).paths == ()
