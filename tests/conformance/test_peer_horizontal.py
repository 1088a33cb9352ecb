"""The simulated city offices over REST: verified requests, signed acknowledgements, answers until the hub takes them.

What they do with a real hub is in tests/exchange/test_recommendation_faults.py; SOAP is DPUPR's, in test_peer_dpupr.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response
from fastapi.testclient import TestClient

from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer
from conformance.signing import jws
from conformance.signing.keys import Identity
from tests.conformance.conftest import NOW, FakeHub, Heard

ROOT = Path(__file__).parents[2]
NAME = "technical-recommendation"
CALLBACK = f"/rest/dishub/{NAME}"


def example(document: str, name: str) -> bytes:
    folder, _, part = document.rpartition("/")
    return (ROOT / "schemas" / folder / "examples" / part / f"{name}.json").read_bytes()


def ask(peer: Peer, hub_identity: Identity, body: bytes, path: str = "/", **claims: str) -> Any:
    named = {"iss": "dpmptsp", "aud": peer.agency, "jti": "m-1", "agr": f"{peer.agency}-2026/1.0", "int": NAME} | claims
    headers = {"Content-Type": "application/json", jws.HEADER: jws.sign_detached(body, hub_identity, named, at=NOW)}
    return TestClient(peer.app).post(path, content=body, headers=headers)


def proven(peer: Peer, said: Any, body: bytes) -> dict[str, Any]:
    """The payload of an answer in the same call, signed for this very request."""
    claims = jws.verify_detached(
        said.headers[jws.HEADER],
        said.content,
        [peer.identity.certificate],
        issuer=peer.agency,
        audience="dpmptsp",
        at=NOW,
    )
    assert claims["rel"] == jws.body_digest(body)
    payload: dict[str, Any] = said.json()
    return payload


def acknowledge(hub_identity: Identity, agency: Identity) -> Callable[[Heard], Response]:
    """Answer as the hub does: verified, acknowledged, with the leaf."""

    def answer(heard: Heard) -> Response:
        said = verified(heard, agency)
        body = json.dumps({"messageId": said["jti"], "receivedAt": NOW.isoformat()}).encode()
        claims = {"iss": "dpmptsp", "aud": "dishub", "jti": "h-1", "agr": str(said["agr"]), "int": NAME}
        claims |= {"rel": jws.body_digest(heard.body), "leaf": "cd" * 32}
        token = jws.sign_detached(body, hub_identity, claims, at=NOW)
        return Response(body, media_type="application/json", headers={jws.HEADER: token})

    return answer


def verified(heard: Heard, agency: Identity) -> dict[str, Any]:
    return jws.verify_detached(
        heard.headers["x-jws-signature"],
        heard.body,
        [agency.certificate],
        issuer="dishub",
        audience="dpmptsp",
        at=NOW,
    )


@pytest.fixture
def peer(folder_of: Callable[..., Path], start: Callable[[Path], Peer], hub: FakeHub) -> Peer:
    return start(folder_of("dishub", hub.url))


REQUEST = example(f"dishub/{NAME}/1.0/request", "firm")


def test_a_request_is_acknowledged_and_then_answered_in_two_steps(
    peer: Peer, hub: FakeHub, hub_identity: Identity, agency: Identity
) -> None:
    hub.answer = acknowledge(hub_identity, agency)
    said = proven(peer, ask(peer, hub_identity, REQUEST), REQUEST)
    assert said["messageId"] == "m-1"
    assert json_violations("simojo/acknowledgement/1.0/acknowledgement", said) == ()
    heard = hub.wait_for(2, CALLBACK)
    assert [each.json["tahap"] for each in heard] == ["diterima", "selesai"]
    assert [json_violations(f"dishub/{NAME}/1.0/answer", each.json) for each in heard] == [(), ()]
    claims = [verified(each, agency) for each in heard]
    assert {each["rel"] for each in claims} == {"m-1"}
    assert len({each["jti"] for each in claims}) == 2


def test_the_same_message_gets_the_same_acknowledgement_and_other_content_is_refused(
    peer: Peer, hub_identity: Identity
) -> None:
    first, second = (proven(peer, ask(peer, hub_identity, REQUEST), REQUEST) for _ in range(2))
    assert first == second
    other = REQUEST.replace(b"Pasar Contoh", b"Pasar Lain")
    refused = ask(peer, hub_identity, other)
    assert (refused.status_code, refused.json()["code"]) == (400, "message-id-reused")


@pytest.mark.parametrize(
    ("body", "claims", "code"),
    [
        (REQUEST, {"iss": "bank"}, "signature-claims"),
        (REQUEST, {"int": "other"}, "signature-claims"),
        (REQUEST.replace(b"trayek", b"reklame"), {}, "schema-violation"),
        (b"{", {}, "json-malformed"),
    ],
)
def test_a_request_that_is_not_as_agreed_is_refused(
    peer: Peer, hub_identity: Identity, body: bytes, claims: dict[str, str], code: str
) -> None:
    said = ask(peer, hub_identity, body, **claims)
    assert said.status_code in (400, 401)
    assert said.json()["code"] == code
    assert peer.journal.entries("request") == []


def test_an_answer_is_repeated_until_it_is_truly_acknowledged_also_after_a_restart(
    peer: Peer, hub: FakeHub, hub_identity: Identity, agency: Identity, start: Callable[[Path], Peer]
) -> None:
    good = acknowledge(hub_identity, agency)
    bad = [Response(status_code=503), Response(b'{"messageId":"x"}', media_type="application/json")]
    hub.answer = lambda heard: bad.pop() if bad else good(heard)
    ask(peer, hub_identity, REQUEST)
    hub.wait_for(1, CALLBACK)
    peer.stop()
    again = start(peer.folder)
    heard = hub.wait_for(4, CALLBACK)
    again.stop()
    assert len(again.journal.entries("answer-failed")) == 2
    assert [each["leaf"] for each in again.journal.entries("answered")] == ["cd" * 32] * 2
    assert len({verified(each, agency)["jti"] for each in heard}) == 2


def test_the_books_tell_what_is_owed_and_are_closed_at_times(
    folder_of: Callable[..., Path], start: Callable[[Path], Peer], hub: FakeHub, hub_identity: Identity
) -> None:
    peer = start(folder_of("bpkpd", hub.url))
    question = example("bpkpd/arrears/1.0/request", "person")
    owing = question.replace(b"9999014506900001", b"9999015708850002")
    told = []
    for body in (question, owing):
        said = ask(peer, hub_identity, body, "/tunggakan", int="arrears")
        told.append(proven(peer, said, body))
    TestClient(peer.app).post("/_control/books", json={"closed": True})
    told.append(proven(peer, ask(peer, hub_identity, question, "/tunggakan", int="arrears"), question))
    assert [each["status"] for each in told] == ["nihil", "menunggak", "tutup-buku"]
    assert [json_violations("bpkpd/arrears/1.0/reply", each) for each in told] == [(), (), ()]
    assert told[1]["jumlah"] == 1_250_000
    assert ask(peer, hub_identity, b"{}", "/tunggakan", int="arrears").json()["code"] == "schema-violation"
