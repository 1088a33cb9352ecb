"""The bank, simulated: token, inquiry, payment; each account paid once, a lost answer repeated as advice."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from fastapi import Response
from fastapi.testclient import TestClient

from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer
from tests.conformance.conftest import SECRETS, FakeHub, Heard

ROOT = "/rest/bank/v1.0"
ACCOUNT = "998872600000000000017"
TOKEN = "token-made-up"
IDR = {"value": "350000.00", "currency": "IDR"}


@dataclass
class Biller:
    """The hub's side: takes a token request, shows one bill, takes payments with the statuses in `payments`."""

    payments: list[tuple[int, str]] = field(default_factory=lambda: [(200, "2002500")])
    inquiry: tuple[int, str] = (200, "2002400")

    def answer(self, heard: Heard) -> Response:
        if heard.path.endswith("/b2b"):
            return reply(200, {"responseCode": "2007300", "accessToken": TOKEN, "tokenType": "Bearer"})
        if heard.path.endswith("/inquiry"):
            status, code = self.inquiry
            bill = {"totalAmount": IDR, "virtualAccountName": "PT Contoh Sejahtera"}
            return reply(status, {"responseCode": code} | ({"virtualAccountData": bill} if status == 200 else {}))
        status, code = self.payments.pop(0)
        return reply(status, {"responseCode": code})


def reply(status: int, body: dict[str, Any]) -> Response:
    return Response(json.dumps(body), status_code=status, media_type="application/json")


@pytest.fixture
def biller(hub: FakeHub) -> Biller:
    made = Biller()
    hub.answer = made.answer
    return made


@pytest.fixture
def peer(folder_of: Callable[..., Path], start: Callable[[Path], Peer], hub: FakeHub, biller: Biller) -> Peer:
    return start(folder_of("bank", hub.url))


def pay(peer: Peer, **change: Any) -> dict[str, Any]:
    answer = TestClient(peer.app).post("/_control/pay", json={"account": ACCOUNT} | change)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_payment_is_token_inquiry_and_payment_of_what_is_owed(peer: Peer, hub: FakeHub) -> None:
    result = pay(peer)
    assert (result["outcome"], result["again"], len(result["transcripts"])) == ("paid", False, 3)
    token, inquiry, payment = hub.heard
    assert [each.path.removeprefix(ROOT) for each in hub.heard] == [
        "/access-token/b2b",
        "/transfer-va/inquiry",
        "/transfer-va/payment",
    ]
    assert token.json == {"grantType": "client_credentials"}
    assert json_violations("bank/va-inquiry/1.0/request", inquiry.json) == ()
    assert json_violations("bank/va-payment/1.0/request", payment.json) == ()
    assert payment.json["partnerServiceId"] == "   99887"
    assert payment.json["customerNo"] == "2600000000000017"
    assert payment.json["virtualAccountNo"] == "   998872600000000000017"
    assert payment.json["paidAmount"] == IDR
    assert payment.json["paymentRequestId"] == inquiry.json["inquiryRequestId"]
    assert (payment.json["flagAdvise"], inquiry.headers["x-external-id"] != payment.headers["x-external-id"]) == (
        "N",
        True,
    )


def test_every_call_is_signed_as_snap_says(peer: Peer, hub: FakeHub) -> None:
    pay(peer)
    token, *transactions = hub.heard
    key = peer.identity.certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    signed = f"{SECRETS['bank']['client_id']}|{token.headers['x-timestamp']}".encode()
    key.verify(base64.b64decode(token.headers["x-signature"]), signed, padding.PKCS1v15(), hashes.SHA256())
    for each in transactions:
        minified = json.dumps(each.json, separators=(",", ":"), ensure_ascii=False).encode()
        text = f"POST:{each.path}:{TOKEN}:{hashlib.sha256(minified).hexdigest()}:{each.headers['x-timestamp']}"
        made = hmac.new(SECRETS["bank"]["client_secret"].encode(), text.encode(), hashlib.sha512).digest()
        assert each.headers["x-signature"] == base64.b64encode(made).decode()
        assert each.headers["authorization"] == f"Bearer {TOKEN}"
        assert (each.headers["x-partner-id"], each.headers["channel-id"]) == ("P1", "95051")
        assert each.headers["x-external-id"].isdigit()
        assert len(each.headers["x-external-id"]) <= 36


def test_transcripts_and_journal_mask_secrets(peer: Peer) -> None:
    shown = json.dumps(pay(peer)) + (peer.folder / "journal.jsonl").read_text()
    assert "350000.00" in shown
    assert TOKEN not in shown
    assert SECRETS["bank"]["client_secret"] not in shown


def test_a_paid_account_is_not_paid_again_even_after_a_restart(
    peer: Peer, hub: FakeHub, start: Callable[[Path], Peer]
) -> None:
    first = pay(peer)
    again = pay(start(peer.folder))
    assert (again["outcome"], again["again"], again["transcripts"]) == ("paid", True, first["transcripts"])
    assert len(hub.heard) == 3


def test_a_lost_answer_is_repeated_as_advice_with_the_same_id(
    peer: Peer, hub: FakeHub, biller: Biller, start: Callable[[Path], Peer]
) -> None:
    biller.payments = [(504, "5042500"), (200, "2002500")]
    assert pay(peer)["outcome"] == "unknown"
    assert pay(start(peer.folder))["outcome"] == "paid"
    first, second = (each.json for each in hub.at(f"{ROOT}/transfer-va/payment"))
    assert second == first | {"flagAdvise": "Y"}
    assert len(hub.at(f"{ROOT}/transfer-va/inquiry")) == 1


def test_a_refused_payment_begins_anew_under_another_id(peer: Peer, hub: FakeHub, biller: Biller) -> None:
    biller.payments = [(404, "4042513"), (200, "2002500")]
    assert pay(peer, amount=1)["outcome"] == "refused"
    assert pay(peer)["outcome"] == "paid"
    first, second = (each.json for each in hub.at(f"{ROOT}/transfer-va/payment"))
    assert (first["paidAmount"]["value"], second["paidAmount"]["value"]) == ("1.00", "350000.00")
    assert first["paymentRequestId"] != second["paymentRequestId"]
    assert second["flagAdvise"] == "N"


@pytest.mark.parametrize(("inquiry", "outcome"), [((404, "4042412"), "refused"), ((503, ""), "unknown")])
def test_without_a_bill_nothing_is_paid(
    peer: Peer, hub: FakeHub, biller: Biller, inquiry: tuple[int, str], outcome: str
) -> None:
    biller.inquiry = inquiry
    assert pay(peer)["outcome"] == outcome
    assert hub.at(f"{ROOT}/transfer-va/payment") == []


def test_an_account_of_others_is_not_asked_for(peer: Peer, hub: FakeHub) -> None:
    answer = TestClient(peer.app).post("/_control/pay", json={"account": "112233"})
    assert (answer.status_code, answer.json()["code"]) == (422, "account-not-ours")
    assert hub.heard == []
