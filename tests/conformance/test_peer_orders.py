"""Faults on order: what an agency says in its own words, and what a bank does wrong towards the hub."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from fastapi import Response
from fastapi.testclient import TestClient

from conformance.peers.bank_qris import GENERATE
from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer
from conformance.signing import snap
from conformance.signing.keys import Identity
from tests.conformance.conftest import NOW, SECRETS, FakeHub, Heard

AWAY = "http://127.0.0.1:9"
ROOT = Path(__file__).parents[2]
ACCOUNT = "998872600000000000017"
PAYMENT = "/rest/bank/v1.0/transfer-va/payment"
IDR = {"value": "350000.00", "currency": "IDR"}
ASKED = {"partnerReferenceNo": "m-17", "amount": IDR, "merchantId": "merchant-made-up"}
Playing = Callable[..., TestClient]


@pytest.fixture
def playing(folder_of: Callable[..., Path], start: Callable[[Path], Peer], hub: FakeHub) -> Playing:
    def play(agency: str, **members: Any) -> TestClient:
        secrets = SECRETS[agency] | ({"merchant_id": "merchant-made-up"} if agency == "bank" else {})
        return TestClient(start(folder_of(agency, hub.url, secrets=secrets, **members)).app)

    hub.answer = biller
    return play


def biller(heard: Heard) -> Response:
    said = {"responseCode": "2002500", "accessToken": "t", "virtualAccountData": bill()}
    return Response(json.dumps(said), media_type="application/json")


def bill() -> dict[str, Any]:
    return {"totalAmount": IDR, "virtualAccountName": "PT Contoh Sejahtera"}


def order(client: TestClient, control: str, **members: Any) -> Any:
    answer = client.post(f"/_control/{control}", json=members)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_raw_answer_is_said_as_often_as_ordered(playing: Playing) -> None:
    client = playing("sms")
    order(client, "say", answer={"status": "throttled"}, status=429, times=2)
    said = [client.post("/messages", json={}) for _ in range(3)]
    assert [each.status_code for each in said] == [429, 429, 200]
    assert [each.json()["status"] for each in said] == ["throttled", "throttled", "rejected"]
    order(client, "say", answer="<galat/>", media_type="text/xml", times=9)
    assert client.post("/messages", json={}).text == "<galat/>"
    order(client, "say")
    assert client.post("/messages", json={}).json()["status"] == "rejected"


def test_a_refusal_that_nobody_knows_is_not_ordered(playing: Playing) -> None:
    client = playing("oss")
    assert set(client.get("/_control/say").json()) == {"401", "500", "504"}
    answer = client.post("/_control/say", json={"words": "999"})
    assert (answer.status_code, answer.json()["code"]) == (422, "words-unknown")
    assert "401, 500, 504" in answer.json()["detail"]


@pytest.mark.parametrize("kode", ["401", "500", "504"])
def test_oss_refuses_under_http_200_on_order(playing: Playing, kode: str) -> None:
    client, key = playing("oss"), {"user_key": SECRETS["oss"]["user_key"]}
    order(client, "say", words=kode)
    answers = [client.post("/inqueryNIB", json={"INQUERYNIB": {"nib": "0000000000017"}}, headers=key) for _ in range(2)]
    assert [(each.status_code, each.json()["responinqueryNIB"]["kode"]) for each in answers] == [
        (200, kode),
        (200, "200"),
    ]
    assert json_violations("oss/inqueryNIB/1.0/reply", answers[0].json()) == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("login-failed", "Login Gagal"),
        ("address-refused", "IP Address Tidak Sesuai"),
        ("quota-spent", "Kuota Akses Hari ini telah Habis"),
        ("unknown-words", "Layanan Sedang Disesuaikan"),
    ],
)
def test_dukcapil_refuses_whom_it_knows_on_order(playing: Playing, words: str, said: str) -> None:
    client, own = playing("dukcapil"), SECRETS["dukcapil"]
    asked = {"USER_ID": own["user_id"], "PASSWORD": own["password"], "IP_USER": own["ip_user"], "TRESHOLD": "90"}
    asked |= {"NIK": "9999014506900001", "NAMA_LGKP": "Siti Contoh"}
    order(client, "say", words=words)
    basic = (own["basic_user"], own["basic_password"])
    answers = [client.post("/CALL_VERIFY_BY_ELEMEN", json=asked, auth=basic).json() for _ in range(2)]
    assert answers[0]["content"] == [{"RESPON": said}]
    assert (answers[0]["quotaLimiter"] == 0) is (words == "quota-spent")
    assert answers[1] == {"content": [{"NIK": "Sesuai", "NAMA_LGKP": "Sesuai (100)"}], "quotaLimiter": 56616}
    assert json_violations("dukcapil/verify-resident/1.0/reply", answers[0]) == ()


def qr(client: TestClient, hub: Identity, external: str, *, target: str = GENERATE, hexadecimal: bool = False) -> Any:
    body, moment = json.dumps(ASKED, separators=(",", ":")).encode(), snap.timestamp(NOW)
    assert isinstance(hub.key, rsa.RSAPrivateKey)
    text = f"POST:{target}:{hashlib.sha256(body).hexdigest()}:{moment}".encode()
    made = hub.key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    headers = {
        "X-TIMESTAMP": moment,
        "X-SIGNATURE": made.hex() if hexadecimal else base64.b64encode(made).decode(),
        "X-PARTNER-ID": SECRETS["bank"]["partner_id"],
        "X-EXTERNAL-ID": external,
    }
    answer = client.post(f"{GENERATE}?channel=1", content=body, headers=headers)
    assert answer.status_code == int(answer.json()["responseCode"][:3])
    assert json_violations("bank/qris-generate/1.0/reply", answer.json()) == ()
    return answer.json()["responseCode"]


def test_a_bank_says_each_code_of_snap_on_order(playing: Playing, hub_identity: Identity) -> None:
    client = playing("bank")
    codes = ["5004700", "5044700", "4294700", "4034715", "4094701"]
    assert set(codes) <= set(client.get("/_control/say").json())
    for number, code in enumerate(codes):
        order(client, "say", words=code)
        assert qr(client, hub_identity, str(number)) == code
    assert qr(client, hub_identity, "9", target=f"{GENERATE}?channel=1") == "2004700"


def test_a_bank_checks_by_the_options_that_were_agreed_with_it(playing: Playing, hub_identity: Identity) -> None:
    client = playing("bank", signature="snap-bi-path-hex")
    assert qr(client, hub_identity, "1", hexadecimal=True) == "2004700"
    assert qr(client, hub_identity, "2") == "4014700"
    order(client, "signature", profile="snap-bi")
    assert qr(client, hub_identity, "3", target=f"{GENERATE}?channel=1") == "2004700"
    assert qr(client, hub_identity, "4", hexadecimal=True) == "4014700"


def signed(heard: Heard, body: bytes | None = None) -> bytes:
    hashed = hashlib.sha256(heard.body if body is None else body).hexdigest()
    text = f"POST:{heard.path}:t:{hashed}:{heard.headers['x-timestamp']}"
    return hmac.digest(SECRETS["bank"]["client_secret"].encode(), text.encode(), "sha512")


def test_a_bank_signs_in_hex_where_that_was_agreed(playing: Playing, hub: FakeHub) -> None:
    client = playing("bank")
    order(client, "signature", profile="snap-bi-hex")
    order(client, "pay", account=ACCOUNT)
    (payment,) = hub.at(PAYMENT)
    assert payment.headers["x-signature"] == signed(payment).hex()
    assert client.post("/_control/signature", json={"profile": "snap-bi-octal"}).status_code == 422


def test_a_bank_makes_the_mistakes_that_were_ordered(playing: Playing, hub: FakeHub) -> None:
    client = playing("bank")
    order(client, "pay", account=ACCOUNT)
    before = hub.heard[-1]
    sent = {}
    for kind in ("stale-timestamp", "same-external-id", "wrong-signature"):
        order(client, "calls", kind=kind)
        order(client, "pay-again", account=ACCOUNT)
        sent[kind] = hub.heard[-1]
    stale = sent["stale-timestamp"]
    assert datetime.fromisoformat(stale.headers["x-timestamp"]) < NOW - timedelta(minutes=15)
    assert base64.b64decode(stale.headers["x-signature"]) == signed(stale)
    same = sent["same-external-id"]
    assert same.headers["x-external-id"] == stale.headers["x-external-id"] != before.headers["x-external-id"]
    assert same.body != stale.body
    wrong = sent["wrong-signature"]
    assert base64.b64decode(wrong.headers["x-signature"]) != signed(wrong)
    order(client, "pay-again", account=ACCOUNT)
    last = hub.heard[-1]
    assert base64.b64decode(last.headers["x-signature"]) == signed(last)
    assert last.headers["x-timestamp"] == snap.timestamp(NOW)


def test_an_account_is_paid_once_more_under_another_id(playing: Playing, hub: FakeHub) -> None:
    client = playing("bank")
    assert client.post("/_control/pay-again", json={"account": ACCOUNT}).json()["code"] == "nothing-paid"
    order(client, "pay", account=ACCOUNT)
    assert order(client, "pay-again", account=ACCOUNT, amount=1)["code"] == "2002500"
    first, second = (each.json for each in hub.at(PAYMENT))
    assert json_violations("bank/va-payment/1.0/request", second) == ()
    assert (second["paymentRequestId"] != first["paymentRequestId"], second["flagAdvise"]) == (True, "N")
    assert second["paidAmount"]["value"] == "1.00"
    assert order(client, "pay", account=ACCOUNT)["again"]
