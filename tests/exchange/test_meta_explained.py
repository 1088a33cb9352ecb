"""An echo whose signature fails is told which part of it failed, and how it was made; nobody is let in by that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from conformance.signing import encryption, jws, soap, wss
from gateway.operations import explanations
from gateway.operations.explanations import EACH
from gateway.trust.diagnosis import Finding, explain_envelope
from gateway.trust.diagnosis.budget import MAX_BYTES
from tests.exchange import confidential, meta_voices, voices
from tests.exchange.stage import Stage

BOTH = pytest.mark.parametrize("transport", meta_voices.BOTH)


def rules(said: voices.Said) -> Mapping[str, str]:
    """The texts of the violations by their rule, of a problem or a Fault."""
    if said.headers["content-type"].startswith("application/problem+json"):
        found = [(each["rule"], each["text"]) for each in said.json["violations"]]
    else:
        faults = etree.fromstring(said.body).iterfind(".//{urn:simojo:fault:1.0}violation")
        found = [(each.get("rule", ""), each.text or "") for each in faults]
    return {rule: "\n".join(text for name, text in found if name == rule) for rule, _ in found}


def send_indented(stage: Stage, path: str = "/soap/dpupr/meta.echo", text: str = "Halo Budi") -> voices.Said:
    """A client that formats its output after signing."""
    root = etree.fromstring(meta_voices.soap_message(stage, "echo", {"text": text}))
    etree.indent(root[1])
    return voices.post(stage, path, etree.tostring(root), soap.CONTENT_TYPES[soap.SOAP_12])


def test_over_soap_the_client_reads_what_it_digested_beside_what_came(stage: Stage) -> None:
    with stage.unchanged("exchange", "leaf"):
        said = send_indented(stage)
    assert (said.code, said.paths) == ("signature-digest", ("digest",))
    told = rules(said)["white-space-added"]
    assert told.startswith("Spasi ditambah setelah ditandatangani\n")
    assert "formatOutput" in told
    ours, theirs = told.splitlines()[-2:]
    assert "\\n" in ours
    assert "Halo Budi" in theirs
    assert stage.refusals() == {"signature-digest": 1}


def test_over_rest_the_client_reads_what_it_signed_beside_what_came(stage: Stage) -> None:
    body = json.dumps({"text": "Halo Budi"}).encode()
    with stage.unchanged("exchange", "leaf"):
        said = meta_voices.ask_rest(stage, "echo", raw=body, signed=body.replace(b": ", b":"))
    assert (said.status, said.code, said.paths) == (401, "signature-wrong", ("signature",))
    told = rules(said)["body-rewritten"]
    assert "Halo Budi" in told
    assert "sign that string, and send that same string" in told


def test_a_client_that_reads_english_is_told_in_english(stage: Stage) -> None:
    body, token = _rest_with_a_final_newline(stage)
    said = voices.post(stage, "/rest/dpupr/meta/echo", body, voices.JSON, X_JWS_Signature=token, Accept_Language="en")
    assert rules(said)["final-newline"].startswith("The final line end differs\n")
    said = voices.post(stage, "/rest/dpupr/meta/echo", body, voices.JSON, X_JWS_Signature=token)
    assert rules(said)["final-newline"].startswith("Akhir baris terakhir berbeda\n")


def _rest_with_a_final_newline(stage: Stage) -> tuple[bytes, str]:
    body = b'{"text":"x"}'
    named = {"iss": "dpupr", "aud": "dpmptsp", "jti": "m-1", "agr": "meta/1.0", "int": "meta.echo"}
    return body, jws.sign_detached(body + b"\n", meta_voices.identity("dpupr"), named, at=stage.clock())


@BOTH
def test_an_unknown_certificate_is_told_beside_the_registered_ones(stage: Stage, transport: str) -> None:
    ask, _ = meta_voices.BOTH[transport]
    stranger = meta_voices.identity("stranger")
    said = ask(stage, "echo", signer=stranger)
    assert said.code == "certificate-unknown"
    (registered,) = stage.hub.directory.party("dpupr").certificates
    assert registered.fingerprint in "".join(rules(said).values())


@BOTH
def test_a_late_echo_is_told_how_far_its_clock_is_off(stage: Stage, transport: str) -> None:
    ask, _ = meta_voices.BOTH[transport]
    said = ask(stage, "echo", at=stage.clock() + timedelta(hours=7))
    assert said.code == "timestamp-future"
    assert "+25200 s (ahead of) the hub's clock: WIB labelled as UTC" in rules(said)["local-time"]


@BOTH
def test_a_good_echo_is_answered_and_explains_nothing(stage: Stage, transport: str) -> None:
    ask, _ = meta_voices.BOTH[transport]
    said = ask(stage, "echo", {"text": "Halo"})
    assert (said.status, said.paths) == (200, ())


def test_a_message_is_walked_through_once_for_its_explanation_and_for_what_is_kept(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked: list[bytes] = []

    def counted(data: bytes, *more: Any) -> tuple[Finding, ...]:
        walked.append(data)
        return explain_envelope(data, *more)

    monkeypatch.setattr(explanations, "explain_envelope", counted)
    for number in range(2):
        said = send_indented(stage, text=f"Halo {number}")
        assert "white-space-added" in rules(said)
        assert f"Halo {number}" in rules(said)["white-space-added"]  # each gets its own findings
        (row,) = stage.hub.store.reader.failed_proofs("dpupr")
        assert (row.count, "white-space-added" in row.explanation) == (number + 1, True)
    assert len(walked) == 2


def test_explanations_are_bounded_for_each_address_and_minute(stage: Stage) -> None:
    told = [rules(send_indented(stage)) for _ in range(EACH + 1)]
    assert [set(each) for each in told] == [{"white-space-added"}] * EACH + [{"not-tried"}]
    stage.clock.advance(seconds=61)
    assert set(rules(send_indented(stage))) == {"white-space-added"}


def test_a_large_message_is_refused_and_not_explained(stage: Stage) -> None:
    said = send_indented(stage, text="a" * (MAX_BYTES + 1))
    assert (said.code, set(rules(said))) == ("signature-digest", {"not-tried"})


@pytest.mark.parametrize("agency", ["dpupr"])
def test_another_interaction_points_to_the_echo(stage: Stage, agency: str) -> None:
    other = voices.recommendation("K-2026-1")
    whole = voices.envelope(other, relates_to=None)
    root = etree.fromstring(wss.sign(whole, meta_voices.identity(agency), at=stage.clock()))
    etree.indent(root[1])
    said = voices.post(stage, voices.SOAP_PATH, etree.tostring(root), voices.SOAP_12)
    assert (said.code, said.paths) == ("signature-digest", ())
    assert f"/soap/{agency}/meta.echo" in said.body.decode()
    said = voices.post(stage, voices.SOAP_PATH, b"<x/>", voices.SOAP_12)
    assert "meta.echo" not in said.body.decode()


def test_another_interaction_over_rest_points_to_the_echo(stage: Stage) -> None:
    body, token = _rest_with_a_final_newline(stage)
    said = voices.post(stage, voices.JWS_PATH, body, voices.JSON, X_JWS_Signature=token)
    assert (said.code, said.paths) == ("signature-wrong", ())
    assert "/rest/dpupr/meta/echo" in said.json["detail"]


@pytest.mark.parametrize(
    ("hours", "claims", "code", "words"),
    [
        (7, {}, "timestamp-future", "WIB labelled as UTC"),
        (-1, {}, "timestamp-stale", "sign it anew"),
        (0, {"aud": "dinkes"}, "signature-claims", "'dinkes', and has to be 'dpmptsp'"),
    ],
)
def test_a_time_or_a_claim_that_is_refused_elsewhere_points_to_the_echo(
    stage: Stage, hours: int, claims: Mapping[str, str], code: str, words: str
) -> None:
    named = {"iss": "dpupr", "aud": "dpmptsp", "jti": "v-1", "agr": "dpupr-2026/1.0", "int": "permit-validity"}
    at = stage.clock() + timedelta(hours=hours)
    token = jws.sign_detached(b"{}", meta_voices.identity("dpupr"), {**named, **claims}, at=at)
    said = voices.post(stage, voices.JWS_PATH, b"{}", voices.JSON, X_JWS_Signature=token)
    assert said.code == code
    assert words in said.json["detail"]
    assert "/rest/dpupr/meta/echo" in said.json["detail"]


SECRET = "Rahasia Contoh"


def test_a_captured_encrypted_message_is_not_opened_for_whoever_sends_it_again(stage: Stage) -> None:
    """Otherwise a difference would show the plaintext, or an explanation tell of it, to somebody without the key."""
    confidential.agree(stage)
    clear = etree.fromstring(meta_voices.soap_message(stage, "echo", {"text": SECRET}))
    etree.indent(clear[1][0])  # the signature over the Body fails
    sent = encryption.encrypt_body(etree.tostring(clear), stage.certificate)
    said = voices.post(stage, "/soap/dpupr/meta.echo", sent, soap.CONTENT_TYPES[soap.SOAP_12])
    assert (said.code, set(rules(said))) == ("signature-digest", {"unrecognised"})
    assert "not tried: the message is encrypted" in rules(said)["unrecognised"]
    assert SECRET not in said.body.decode()

    body = json.dumps({"text": SECRET}).encode()
    named = {"iss": "dpupr", "aud": "dpmptsp", "jti": "m-1", "agr": "meta/1.0", "int": "meta.echo"}
    token = jws.sign_detached(body + b"\n", meta_voices.identity("dpupr"), named, at=stage.clock())
    sealed = encryption.encrypt_json(body, stage.certificate)
    said = voices.post(stage, "/rest/dpupr/meta/echo", sealed, confidential.JOSE, X_JWS_Signature=token)
    assert (said.code, set(rules(said))) == ("signature-wrong", {"unrecognised"})
    assert SECRET not in said.body.decode()
    kept = stage.hub.store.reader.failed_proofs("dpupr")
    assert {row.code for row in kept} == {"signature-digest", "signature-wrong"}
    assert all("not tried" in row.explanation and SECRET not in row.explanation for row in kept)
