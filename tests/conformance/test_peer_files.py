"""Files of records from the simulated bank and BPKPD: announced, cut off, resumed, and their results believed."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
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

ACCOUNT, REQUEST_ID = "998872600000000000017", "PR-17"
PAYMENT = {
    "paidAmount": {"value": "350000.00", "currency": "IDR"},
    "paymentRequestId": REQUEST_ID,
    "trxDateTime": "2026-03-02T09:00:00+07:00",
}
RESULT = b"number,key,outcome\r\n1,17,accepted\r\n"


@dataclass
class Taker:
    """The hub's side: keeps the bytes of one file; of the first piece it says that half is there."""

    signer: Identity
    agency: str
    taken: bytes = b""
    result: bytes = RESULT
    token: str = ""
    signs: bool = True

    def answer(self, heard: Heard) -> Response:
        if heard.path.endswith("/result"):
            return Response(self.result, media_type="text/csv")
        if heard.method == "POST":
            return self._sealed(heard, {"upload": f"{heard.path}/batches/b-1", "pieceBytes": 2**20})
        assert hashlib.sha256(heard.headers["authorization"].removeprefix("Bearer ").encode()).hexdigest() == self.token
        if heard.method == "PATCH":
            assert int(heard.headers["upload-offset"]) == len(self.taken)
            half = len(heard.body) // 2 if not self.taken else len(heard.body)
            self.taken += heard.body[:half]
        if heard.method == "GET":
            whole = {"resultBytes": len(RESULT), "resultSha256": hashlib.sha256(RESULT).hexdigest()}
            return self._sealed(heard, {"state": "completed", **whole})
        return Response(status_code=204, headers={"Upload-Offset": str(len(self.taken))})

    def _sealed(self, heard: Heard, payload: dict[str, Any]) -> Response:
        if heard.method == "POST":
            self.token = heard.json["uploadTokenSha256"]
        body = json.dumps(payload).encode()
        claims = {"iss": "dpmptsp", "aud": self.agency, "jti": "a", "rel": jws.body_digest(heard.body)}
        token = jws.sign_detached(body, self.signer, claims, at=NOW)
        return Response(body, media_type="application/json", headers={jws.HEADER: token} if self.signs else {})

    @property
    def records(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.taken.decode(), newline="")))


Playing = Callable[[str], tuple[Peer, Taker]]


@pytest.fixture
def playing(
    folder_of: Callable[..., Path], start: Callable[[Path], Peer], hub: FakeHub, hub_identity: Identity
) -> Playing:
    """The agency of that name, and the hub that it speaks to."""

    def play(agency: str) -> tuple[Peer, Taker]:
        taker = Taker(hub_identity, agency)
        hub.answer = taker.answer
        return start(folder_of(agency, hub.url)), taker

    return play


def test_a_settlement_is_resumed_where_the_hub_says_and_names_what_was_paid(playing: Playing, hub: FakeHub) -> None:
    peer, taker = playing("bank")
    peer.journal.append("payment", account=ACCOUNT, request_id=REQUEST_ID, request=PAYMENT)
    peer.journal.append("payment-ended", account=ACCOUNT, request_id=REQUEST_ID, outcome="paid", transcripts=[])
    answer = TestClient(peer.app).post("/_control/settle", json={"unknown": 1})
    said = answer.json()
    assert answer.status_code == 200, said
    announced = hub.at("/rest/bank/settlement")[0].json
    assert json_violations("simojo/batch-manifest/1.0/manifest", announced) == ()
    assert (announced["bytes"], announced["sha256"]) == (len(taker.taken), hashlib.sha256(taker.taken).hexdigest())
    assert announced["period"] == {"from": "2026-03-01", "until": "2026-03-01"}  # not about the days of its payments
    first, unknown = taker.records
    assert first == {
        "virtualAccountNo": ACCOUNT,
        "amount": "350000",
        "bankReference": REQUEST_ID,
        "paidAt": "2026-03-02T09:00:00+07:00",
    }
    assert [json_violations("bank/settlement/1.0/request", each) for each in (first, unknown)] == [(), ()]
    pieces = [each for each in hub.heard if each.method == "PATCH"]
    assert 0 < said["resumedAt"] == int(pieces[1].headers["upload-offset"]) < len(pieces[0].body)
    assert [each.headers["upload-complete"] for each in pieces] == ["?0"] * (len(pieces) - 1) + ["?1"]
    assert (said["report"]["state"], said["results"]) == (
        "completed",
        [{"number": "1", "key": "17", "outcome": "accepted"}],
    )


QR = "0198c0de-0000-7000-8000-000000000017"
BY_QR = {
    "originalReferenceNo": "P-17",
    "amount": {"value": "350000.00", "currency": "IDR"},
    "additionalInfo": {"paidTime": "2026-03-03T09:00:00+07:00"},
}


@pytest.fixture
def paid(playing: Playing) -> tuple[Peer, Taker]:
    """A bank at which an account and a QR were paid."""
    peer, taker = playing("bank")
    peer.journal.append("payment", account=ACCOUNT, request_id=REQUEST_ID, request=PAYMENT)
    peer.journal.append("payment-ended", account=ACCOUNT, request_id=REQUEST_ID, outcome="paid", transcripts=[])
    peer.journal.append("qris-told", reference=QR, status="00", request=BY_QR)
    peer.journal.append("qris-taken", reference=QR)
    return peer, taker


def test_a_settlement_lacks_a_payment_on_order_and_says_that_it_is_whole(
    paid: tuple[Peer, Taker], hub: FakeHub
) -> None:
    peer, taker = paid
    order = {"whole": True, "without": [ACCOUNT]}
    assert TestClient(peer.app).post("/_control/settle", json=order).status_code == 200
    manifest = hub.at("/rest/bank/settlement")[0].json
    assert json_violations("simojo/batch-manifest/1.0/manifest", manifest) == ()
    assert manifest["period"] == {"from": "2026-03-02", "until": "2026-03-03"}
    (line,) = taker.records
    assert (line["partnerReferenceNo"], line["bankReference"], line["amount"]) == (QR, "P-17", "350000")
    assert json_violations("bank/settlement/1.0/request", line) == ()


@pytest.mark.parametrize(
    ("wrong", "member", "value"),
    [
        ("amount", "amount", "351000"),
        ("number", "bankReference", f"{REQUEST_ID}X"),
        ("day", "paidAt", "2020-01-01T09:00:00+07:00"),
    ],
)
def test_a_line_says_something_else_than_was_told_on_order(
    paid: tuple[Peer, Taker], wrong: str, member: str, value: str
) -> None:
    peer, taker = paid
    assert TestClient(peer.app).post("/_control/settle", json={"wrong": wrong}).status_code == 200
    first, by_qr = taker.records
    assert first[member] == value
    assert (first["partnerReferenceNo"], by_qr["virtualAccountNo"]) == ("", "")


def test_the_books_name_skrd_code_and_amount(playing: Playing, hub: FakeHub) -> None:
    peer, taker = playing("bpkpd")
    booked = {"skrd": "974/17/2026", "code": ACCOUNT, "amount": 350_000}
    assert TestClient(peer.app).post("/_control/realised", json={"booked": [booked], "whole": True}).status_code == 200
    manifest = hub.at("/rest/bpkpd/retribusi")[0].json
    assert manifest["period"] == {"from": "2026-03-02", "until": "2026-03-02"}
    (record,) = taker.records
    assert json_violations("bpkpd/retribusi/1.0/request", record) == ()
    assert record == {"nomorSkrd": "974/17/2026", "kodeBayar": ACCOUNT, "jumlah": "350000", "tanggal": "2026-03-02"}


def test_nothing_paid_is_nothing_to_settle(playing: Playing) -> None:
    peer, _ = playing("bank")
    answer = TestClient(peer.app).post("/_control/settle", json={})
    assert (answer.status_code, answer.json()["code"]) == (422, "nothing-to-settle")


@pytest.mark.parametrize("fault", ["unsigned", "other-result"])
def test_what_the_hub_did_not_sign_or_another_result_is_not_believed(playing: Playing, fault: str) -> None:
    peer, taker = playing("bank")
    taker.signs, taker.result = fault != "unsigned", RESULT if fault == "unsigned" else b"number\r\n1\r\n"
    answer = TestClient(peer.app).post("/_control/settle", json={"unknown": 1})
    assert (answer.status_code, answer.json()["code"]) == (422, {"unsigned": "not-signed"}.get(fault, "result-differs"))
