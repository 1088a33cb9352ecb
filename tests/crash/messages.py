"""The messages of the town's agencies, each made so that it can be signed anew at every try."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx2
from lxml import etree

from conformance.peers.oss_nib import Submission, data_nib
from conformance.signing import jws, oss, snap, soap, wss
from gateway.domain.calendar import local_date
from tests.crash.clients import Message, NotYet, Post
from tests.crash.grounds import SECRETS, Grounds, compact, now

ANSWER = "urn:simojo:dpupr:technical-recommendation:answer:1.0"
SOAP_PATH = "/soap/dpupr/technical-recommendation"
TOKEN_PATH = "/rest/bank/v1.0/access-token/b2b"
PAYMENT_PATH = "/rest/bank/v1.0/transfer-va/payment"
JSON = {"Content-Type": "application/json"}
PBG, REKLAME = "057600000001", "057600000003"


def application(grounds: Grounds, number: int, run: str) -> tuple[Message, str]:
    """OSS submits an application, and the `id_izin` that it is found by: for a building permit.

    Where Satpol PP is in the town, every second is for an advertisement, which it recommends.
    """
    id_izin = f"I-{run}-{number:06d}"
    submission = Submission(
        id_izin=id_izin,
        kd_izin=REKLAME if grounds.mailbox and number % 2 == 0 else PBG,
        nik=f"999901450690{number % 10_000:04d}",
        name="Siti Contoh",
        phone=f"0812{number % 10**8:08d}",
        nib=f"{int(hashlib.sha256(id_izin.encode()).hexdigest(), 16) % 10**9:013d}",
    )
    said = data_nib(submission)
    body = compact(said)
    canonical = json.dumps(said["dataNIB"], sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    def send(post: Post) -> httpx2.Response:
        named = SECRETS["oss"]
        token = oss.token(named["username"], named["password"], said["dataNIB"]["nib"], now())
        return post("/rest/oss/receiveNIB", body, {**JSON, "Token": token})

    stored_as = hashlib.sha256(canonical.encode()).hexdigest()
    return Message(agency="oss", kind="application", stored_as=stored_as, send=send), id_izin


def validity(grounds: Grounds, number: str, permit: str = "001/PBG/I/2026") -> Message:
    """DPUPR asks whether a permit number is in force: signed, REST. The answer is a signed no."""
    body = compact({"permitNumber": permit})

    def send(post: Post) -> httpx2.Response:
        claims = {"iss": "dpupr", "aud": "dpmptsp", "jti": number, "agr": "dpupr-2026/1.0", "int": "permit-validity"}
        token = jws.sign_detached(body, grounds.dpupr, claims, at=now())
        answer = post("/rest/dpupr/permit-validity", body, {**JSON, jws.HEADER: token})
        if answer.status_code == 200 or answer.json().get("code") == "not-found":
            assert jws.HEADER in answer.headers, "an answer that is not signed"
        return answer

    return Message(agency="dpupr", kind="validity", stored_as=number, send=send, good=frozenset({200, 404}))


def recommendation(grounds: Grounds, message_id: str, case: str) -> Message:
    """DPUPR answers a request of the hub's, over SOAP, under a message id of its own that stays the same."""
    root = etree.Element(f"{{{ANSWER}}}RecommendationAnswer", nsmap={None: ANSWER})
    number = f"600/{int(hashlib.sha256(message_id.encode()).hexdigest(), 16) % 10**6}/{now().year}"
    members = {"case": case, "number": number, "date": local_date(now()).isoformat(), "favourable": "true"}
    for name, value in {**members, "official": "Ir. Contoh"}.items():
        etree.SubElement(root, f"{{{ANSWER}}}{name}").text = value
    own = f"{message_id}:answer"

    def send(post: Post) -> httpx2.Response:
        addressing = soap.Addressing(
            message_id=own, to=f"{grounds.hub_url}{SOAP_PATH}", action=soap.action_of(root), relates_to=message_id
        )
        signed = wss.sign(soap.envelope(root, addressing), grounds.dpupr, at=now())
        return post(SOAP_PATH, signed, {"Content-Type": soap.CONTENT_TYPES[soap.SOAP_12]})

    return Message(agency="dpupr", kind="recommendation", stored_as=own, send=send)


def report(reference: str) -> Message:
    """The SMS aggregator says that a message arrived."""
    said = {"reference": reference, "status": "DELIVRD", "done_at": now().isoformat(timespec="seconds"), "error": "000"}
    body = compact(said)

    def send(post: Post) -> httpx2.Response:
        key = SECRETS["sms"]["report_key"]
        return post("/rest/sms/delivery-report", body, {**JSON, "X-Passkey": key})

    return Message(agency="sms", kind="report", stored_as=f"{reference}:DELIVRD", send=send)


def payment(grounds: Grounds, account: str, amount: int, name: str) -> Message:
    """The bank tells that a virtual account was paid, over SNAP BI."""
    service = "   88726"
    customer = account.removeprefix(service.strip())
    external = f"{int(hashlib.sha256(account.encode()).hexdigest(), 16) % 10**30:030d}"
    paid = {"value": f"{amount}.00", "currency": "IDR"}
    said: Mapping[str, Any] = {
        "partnerServiceId": service,
        "customerNo": customer,
        "virtualAccountNo": service + customer,
        "virtualAccountName": name,
        "paymentRequestId": external,
        "channelCode": "6010",
        "paidAmount": paid,
        "totalAmount": paid,
        "trxDateTime": snap.timestamp(now()),
        "referenceNo": external[-11:],
        "flagAdvise": "N",
    }
    body = compact(said)

    def send(post: Post) -> httpx2.Response:
        moment = snap.timestamp(now())
        named = SECRETS["bank"]
        access = _access(grounds, post)
        headers = {
            "Authorization": f"Bearer {access}",
            "X-TIMESTAMP": moment,
            "X-SIGNATURE": snap.transaction_signature(named["client_secret"], PAYMENT_PATH, access, body, moment),
            "X-PARTNER-ID": named["partner_id"],
            "X-EXTERNAL-ID": external,
            "CHANNEL-ID": "95051",
        }
        return post(PAYMENT_PATH, body, {**JSON, **headers})

    return Message(agency="bank", kind="payment", stored_as=external, send=send)


_TOKENS: dict[int, tuple[float, str]] = {}


def _access(grounds: Grounds, post: Post) -> str:
    """An access token, as long as it stands: it is stored nowhere at the hub, so a killed one still knows it."""
    kept = _TOKENS.get(id(grounds))
    if kept is not None and time.monotonic() - kept[0] < 300:
        return kept[1]
    moment, client = snap.timestamp(now()), SECRETS["bank"]["client_id"]
    headers = {
        "X-TIMESTAMP": moment,
        "X-CLIENT-KEY": client,
        "X-SIGNATURE": snap.token_signature(grounds.bank.key, client, moment),
    }
    answer = post(TOKEN_PATH, b'{"grantType":"client_credentials"}', {**JSON, **headers})
    if answer.status_code != 200:
        raise NotYet(answer.status_code)
    access = str(answer.json()["accessToken"])
    _TOKENS[id(grounds)] = (time.monotonic(), access)
    return access
