"""DPUPR, simulated: verified requests, signed acknowledgements, answers until the hub acknowledges; and ask.sh."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response
from fastapi.testclient import TestClient
from lxml import etree

from conformance.peers.config import agreement_of
from conformance.peers.documents import xsd_violations
from conformance.peers.guide import write_guide
from conformance.peers.peer import Peer
from conformance.signing import encryption, jws, soap, wss
from conformance.signing.keys import Identity
from tests.conformance.conftest import NOW, FakeHub, Heard

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "schemas/dpupr/technical-recommendation/1.0/examples/request/building.xml"
CALLBACK = "/soap/dpupr/technical-recommendation"
SOAP = {"Content-Type": "application/soap+xml; charset=utf-8"}
A = "{urn:simojo:dpupr:technical-recommendation:answer:1.0}"


def asked(hub_identity: Identity, message_id: str = "urn:uuid:m-1", change: str = "", action: str = "") -> bytes:
    document = etree.fromstring(EXAMPLE.read_bytes())
    if change:
        purpose = document.find("{*}purpose")
        assert purpose is not None
        purpose.text = change
    addressing = soap.Addressing(
        message_id=message_id, to="http://dpupr.example/", action=action or soap.action_of(document)
    )
    return wss.sign(soap.envelope(document, addressing), hub_identity, at=NOW)


def post(peer: Peer, data: bytes, status: int = 200, path: str = "/") -> wss.VerifiedEnvelope:
    answer = TestClient(peer.app).post(path, content=data, headers=SOAP)
    assert answer.status_code == status, answer.text
    return wss.verify(answer.content, [peer.identity.certificate], at=NOW)


def acknowledge(hub_identity: Identity, agency: Identity) -> Callable[[Heard], Response]:
    """Answer as the hub does: verified, acknowledged, with the leaf."""

    def answer(heard: Heard) -> Response:
        said = wss.verify(heard.body, [agency.certificate], at=NOW)
        document = soap.acknowledgement(said.message_id, NOW, "x-1")
        addressing = soap.Addressing(
            message_id="urn:uuid:ack",
            to=soap.ANONYMOUS,
            action=soap.action_of(document),
            relates_to=said.message_id,
        )
        leaf = etree.Element(soap.LEAF)
        leaf.text = "cd" * 32
        return Response(wss.sign(soap.envelope(document, addressing, blocks=[leaf]), hub_identity, at=NOW))

    return answer


def answers(hub: FakeHub, agency: Identity, count: int) -> list[wss.VerifiedEnvelope]:
    return [wss.verify(each.body, [agency.certificate], at=NOW) for each in hub.wait_for(count, CALLBACK)]


@pytest.fixture
def peer(folder_of: Callable[..., Path], start: Callable[[Path], Peer], hub: FakeHub) -> Peer:
    return start(folder_of("dpupr", hub.url))


@pytest.mark.parametrize("path", ["/", "/technical-recommendation"])
def test_a_request_is_acknowledged_and_then_answered(
    peer: Peer, hub: FakeHub, hub_identity: Identity, agency: Identity, path: str
) -> None:
    hub.answer = acknowledge(hub_identity, agency)
    taken = post(peer, asked(hub_identity), path=path)
    assert soap.acknowledged_id(taken.document) == taken.relates_to == "urn:uuid:m-1"
    assert taken.action == "urn:simojo:acknowledgement:1.0#Acknowledgement"
    assert xsd_violations("simojo/acknowledgement/1.0/acknowledgement", taken.document) == ()
    (answer,) = answers(hub, agency, 1)
    assert answer.relates_to == "urn:uuid:m-1"
    assert answer.action == soap.action_of(answer.document)
    assert xsd_violations("dpupr/technical-recommendation/1.0/answer", answer.document) == ()
    said = [answer.document.findtext(f"{A}{name}") for name in ("case", "date", "favourable", "official")]
    assert said == ["K-2026-000017", "2026-03-02", "true", "Ir. Contoh"]


def test_a_request_of_version_1_1_is_answered_in_the_same(
    peer: Peer, hub: FakeHub, hub_identity: Identity, agency: Identity
) -> None:
    hub.answer = acknowledge(hub_identity, agency)
    later = ROOT / "schemas/dpupr/technical-recommendation/1.1/examples/request/building.xml"
    document = etree.fromstring(later.read_bytes())
    addressing = soap.Addressing(message_id="urn:uuid:m-1", to="http://dpupr.example/", action=soap.action_of(document))
    post(peer, wss.sign(soap.envelope(document, addressing), hub_identity, at=NOW))
    (answer,) = answers(hub, agency, 1)
    assert xsd_violations("dpupr/technical-recommendation/1.1/answer", answer.document) == ()
    assert answer.document.findtext("{*}validUntil") == "2027-03-02"


def test_the_same_message_gets_the_same_acknowledgement_and_one_answer(
    peer: Peer, hub: FakeHub, hub_identity: Identity, agency: Identity
) -> None:
    hub.answer = acknowledge(hub_identity, agency)
    first, second = post(peer, asked(hub_identity)), post(peer, asked(hub_identity))
    assert first.message_id == second.message_id
    assert wss.canonical(first.document) == wss.canonical(second.document)
    post(peer, asked(hub_identity, "urn:uuid:m-2"))
    assert [each.relates_to for each in answers(hub, agency, 2)] == ["urn:uuid:m-1", "urn:uuid:m-2"]


@pytest.mark.parametrize(
    ("change", "code"),
    [({"change": "Gudang"}, "message-id-reused"), ({"action": "urn:x#Y"}, "action-unknown")],
)
def test_a_message_that_contradicts_is_refused_with_a_fault(
    peer: Peer, hub_identity: Identity, change: dict[str, str], code: str
) -> None:
    post(peer, asked(hub_identity))
    fault = soap.read_fault(post(peer, asked(hub_identity, **change), status=400).document)
    assert fault is not None
    assert (fault.code, fault.sender) == (code, True)


def test_only_the_hub_is_heard(peer: Peer, hub: FakeHub, agency: Identity) -> None:
    fault = soap.read_fault(post(peer, asked(agency), status=400).document)
    assert fault is not None
    assert fault.code == "certificate-unknown"
    assert [each["kind"] for each in peer.journal.entries()] == ["refused"]
    assert hub.heard == []


def test_a_request_that_breaks_the_schema_is_refused_with_violations(peer: Peer, hub_identity: Identity) -> None:
    data = asked(hub_identity, change="x" * 1001)
    fault = soap.read_fault(post(peer, data, status=400).document)
    assert fault is not None
    assert fault.code == "schema-violation"
    assert fault.violations


def test_the_policy_makes_answers_unfavourable(
    peer: Peer, hub: FakeHub, hub_identity: Identity, agency: Identity, start: Callable[[Path], Peer]
) -> None:
    hub.answer = acknowledge(hub_identity, agency)
    TestClient(peer.app).post("/_control/policy", json={"favourable": False, "conditions": ["Garis sempadan"]})
    peer.stop()
    again = start(peer.folder)
    post(again, asked(hub_identity))
    (answer,) = answers(hub, agency, 1)
    assert answer.document.findtext(f"{A}favourable") == "false"
    assert answer.document.findtext(f"{A}condition") == "Garis sempadan"


def acknowledge_in_secret(hub_identity: Identity, agency: Identity) -> Callable[[Heard], Response]:
    """Answer as the hub does where the agreement says confidential: nothing in clear, either way."""

    def answer(heard: Heard) -> Response:
        assert encryption.is_encrypted(heard.body)
        clear = Heard(heard.path, heard.headers, encryption.decrypt_body(heard.body, hub_identity))
        said = bytes(acknowledge(hub_identity, agency)(clear).body)
        return Response(encryption.encrypt_body(said, agency.certificate))

    return answer


def test_a_request_that_came_encrypted_is_acknowledged_and_answered_so(
    peer: Peer, hub: FakeHub, hub_identity: Identity, agency: Identity
) -> None:
    in_secret = acknowledge_in_secret(hub_identity, agency)
    in_clear = Response(b"", status_code=503)
    hub.answer = lambda heard: in_clear if len(hub.heard) == 1 else in_secret(heard)
    data = encryption.encrypt_body(asked(hub_identity), peer.identity.certificate)
    said = TestClient(peer.app).post("/", content=data, headers=SOAP)
    assert said.status_code == 200
    assert b"receivedAt" not in said.content
    clear = wss.verify(encryption.decrypt_body(said.content, hub_identity), [agency.certificate], at=NOW)
    assert soap.acknowledged_id(clear.document) == "urn:uuid:m-1"
    _, second = hub.wait_for(2, CALLBACK)
    answer = wss.verify(encryption.decrypt_body(second.body, hub_identity), [agency.certificate], at=NOW)
    assert answer.relates_to == "urn:uuid:m-1"
    peer.stop()
    assert len(peer.journal.entries("answered")) == 1


def test_an_acknowledgement_in_clear_of_what_was_secret_is_none(
    peer: Peer, hub: FakeHub, hub_identity: Identity, agency: Identity
) -> None:
    def in_clear(heard: Heard) -> Response:
        clear = encryption.decrypt_body(heard.body, hub_identity)
        return acknowledge(hub_identity, agency)(Heard(heard.path, heard.headers, clear))

    in_secret = acknowledge_in_secret(hub_identity, agency)
    hub.answer = lambda heard: in_clear(heard) if len(hub.heard) == 1 else in_secret(heard)
    data = encryption.encrypt_body(asked(hub_identity), peer.identity.certificate)
    assert TestClient(peer.app).post("/", content=data, headers=SOAP).status_code == 200
    hub.wait_for(2, CALLBACK)
    peer.stop()
    assert [each["kind"] for each in peer.journal.entries("answer-failed", "answered")] == ["answer-failed", "answered"]


def test_a_secret_that_cannot_be_read_is_refused_in_secret(peer: Peer, hub_identity: Identity) -> None:
    data = encryption.encrypt_body(asked(hub_identity), hub_identity.certificate)
    said = TestClient(peer.app).post("/", content=data, headers=SOAP)
    fault = soap.read_fault(soap.body_child(encryption.decrypt_body(said.content, hub_identity)))
    assert fault is not None
    assert (said.status_code, fault.code) == (400, "decryption-failed")


def other_message(heard: Heard, good: Callable[[Heard], Response], hub_identity: Identity) -> Response:
    document = soap.acknowledgement("urn:uuid:other", NOW, "x")
    addressing = soap.Addressing(
        message_id="urn:uuid:a", to=soap.ANONYMOUS, action=soap.action_of(document), relates_to="urn:uuid:other"
    )
    return Response(wss.sign(soap.envelope(document, addressing), hub_identity, at=NOW))


def forged(heard: Heard, good: Callable[[Heard], Response], hub_identity: Identity) -> Response:
    return Response(bytes(good(heard).body).replace(b">x-1<", b">x-2<"))


def refused(heard: Heard, good: Callable[[Heard], Response], hub_identity: Identity) -> Response:
    document = soap.fault_document(soap.Fault(code="not-agreed", text="no agreement"))
    addressing = soap.Addressing(message_id="urn:uuid:f", to=soap.ANONYMOUS, action=soap.FAULT_ACTION)
    return Response(wss.sign(soap.envelope(document, addressing), hub_identity, at=NOW), status_code=400)


def empty(heard: Heard, good: Callable[[Heard], Response], hub_identity: Identity) -> Response:
    return Response(status_code=503)


@pytest.mark.parametrize("bad", [other_message, forged, refused, empty])
def test_an_answer_is_repeated_until_it_is_truly_acknowledged(
    peer: Peer, hub: FakeHub, hub_identity: Identity, agency: Identity, bad: Callable[..., Response]
) -> None:
    good = acknowledge(hub_identity, agency)
    hub.answer = lambda heard: bad(heard, good, hub_identity) if len(hub.heard) == 1 else good(heard)
    post(peer, asked(hub_identity))
    first, second = answers(hub, agency, 2)
    assert first.message_id == second.message_id
    assert first.digest == second.digest
    peer.stop()
    assert [each["kind"] for each in peer.journal.entries("answer-failed", "answered")] == [
        "answer-failed",
        "answered",
    ]
    assert peer.journal.entries("answered")[0]["leaf"] == "cd" * 32


def test_a_restart_answers_what_was_left(
    peer: Peer, hub: FakeHub, hub_identity: Identity, agency: Identity, start: Callable[[Path], Peer]
) -> None:
    post(peer, asked(hub_identity))
    hub.wait_for(1, CALLBACK)
    peer.stop()
    seen = len(hub.heard)
    hub.answer = acknowledge(hub_identity, agency)
    again = start(peer.folder)
    said = answers(hub, agency, seen + 1)
    assert said[seen].message_id == said[0].message_id
    again.stop()
    third = start(peer.folder)
    post(third, asked(hub_identity, "urn:uuid:m-2"))
    assert answers(hub, agency, seen + 2)[seen + 1].relates_to == "urn:uuid:m-2"


def run_ask(peer: Peer, *arguments: str, script: str = "ask.sh") -> subprocess.CompletedProcess[str]:
    write_guide(peer, "http://127.0.0.1:1")
    command = [str(peer.folder / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_ask_sh_makes_a_jws_that_verifies(peer: Peer, hub: FakeHub, agency: Identity) -> None:
    hub.answer = lambda _: Response('{"valid": true}')
    ran = run_ask(peer, "503/PBG/000017/2026")
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, '{"valid": true}', "")
    (heard,) = hub.wait_for(1, "/rest/dpupr/permit-validity")
    assert heard.json == {"permitNumber": "503/PBG/000017/2026"}
    assert heard.headers["content-type"] == "application/json"
    header = verified_now(heard, agency)
    assert (header["agr"], header["int"]) == (agreement_of("dpupr", datetime.now(UTC).date()), "permit-validity")
    assert len(str(header["jti"])) == 32


def verified_now(heard: Heard, agency: Identity) -> dict[str, Any]:
    # the script signs with the machine's own clock
    return jws.verify_detached(
        heard.headers["x-jws-signature"],
        heard.body,
        [agency.certificate],
        issuer="dpupr",
        audience="dpmptsp",
        at=datetime.now(UTC),
    )


@pytest.mark.parametrize("arguments", [(), ('x","admin":"y',)])
def test_ask_sh_refuses_what_is_no_permit_number(peer: Peer, hub: FakeHub, arguments: tuple[str, ...]) -> None:
    ran = run_ask(peer, *arguments)
    assert ran.returncode != 0
    assert ran.stderr
    assert hub.heard == []


@pytest.mark.parametrize(
    ("arguments", "service", "body"),
    [
        ((), "echo", {"text": "halo"}),
        (("Halo, hub!",), "echo", {"text": "Halo, hub!"}),
        (("--ask", "allowed"), "allowed", {}),
        (("--ask", "status", '{"messageId":"m-1"}'), "status", {"messageId": "m-1"}),
    ],
)
def test_echo_sh_makes_a_jws_that_verifies(
    peer: Peer, hub: FakeHub, agency: Identity, arguments: tuple[str, ...], service: str, body: dict[str, str]
) -> None:
    hub.answer = lambda _: Response('{"agency": "dpupr"}')
    ran = run_ask(peer, *arguments, script="echo.sh")
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, '{"agency": "dpupr"}', "")
    (heard,) = hub.wait_for(1, f"/rest/dpupr/meta/{service}")
    told = dict(heard.json)
    if service == "echo":
        assert abs((datetime.now(UTC) - datetime.fromisoformat(told.pop("clientTime"))).total_seconds()) < 60
    assert told == body
    header = verified_now(heard, agency)
    assert (header["agr"], header["int"]) == ("meta/1.0", f"meta.{service}")


@pytest.mark.parametrize("arguments", [('x","admin":"y',), ("--ask",), ("--ask", "../x")])
def test_echo_sh_refuses_what_would_change_the_question(peer: Peer, hub: FakeHub, arguments: tuple[str, ...]) -> None:
    ran = run_ask(peer, *arguments, script="echo.sh")
    assert ran.returncode != 0
    assert ran.stderr
    assert hub.heard == []
