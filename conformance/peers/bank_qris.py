"""QRIS at the simulated bank: makes a QR for the office (service 47) and tells of its payment (52).

On a question for a QR:
    1. X-SIGNATURE is the hub's over this message, its time is now, its partner is known
    2. X-EXTERNAL-ID was not used before
    3. the same partnerReferenceNo again: the same QR
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cryptography import x509
from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from conformance.peers.documents import json_violations
from conformance.peers.journal import Entry, masked
from conformance.peers.peer import RawBody
from conformance.signing import snap
from conformance.signing.keys import load_certificates
from gateway.domain.errors import Refused, Unauthenticated

if TYPE_CHECKING:
    from conformance.peers.bank import BankPeer

GENERATE = "/v1.0/qr/qr-mpm-generate"
NOTIFY = "/rest/bank/v1.0/qr/qr-mpm-notify"
TAKEN = "2005200"
WINDOW = timedelta(minutes=5)
REFUSALS = MappingProxyType(
    {
        "4014700": "Unauthorized. [Signature]",
        "4034715": "Transaction Not Permitted",
        "4094701": "Duplicate partnerReferenceNo",
        "4294700": "Too Many Requests",
        "5004700": "General Error",
        "5044700": "Timeout",
    }
)
"""responseCode -> responseMessage of what the bank answers to a question for a QR, on order."""


class QrisPayment(BaseModel):
    """Which QR to pay: its `reference` is partnerReferenceNo. `status` 00 is paid, 06 failed."""

    reference: str = Field(min_length=1, max_length=64)
    status: str = Field(default="00", pattern="^0[0-7]$")


class Qris:
    """The bank's addresses for QRIS. Without the secret `merchant_id` the bank knows no merchant."""

    def __init__(self, bank: BankPeer) -> None:
        self._bank = bank

        @bank.app.post(GENERATE)
        def generate(request: Request, body: RawBody) -> Response:
            return bank.spoiled() or self._generate(request, body)

        @bank.app.post("/_control/pay-qris")
        def pay(payment: QrisPayment) -> dict[str, Any]:
            with bank.taking:
                return self.pay(payment)

        @bank.app.get("/_control/qris")
        def codes() -> list[dict[str, Any]]:
            return bank.journal.entries("qris")

    def pay(self, payment: QrisPayment) -> dict[str, Any]:
        """Pay a QR and tell the hub; gives `code` (empty when no answer came) and the transcripts.

        A payment that was told before is told again unchanged. Raises Refused when no such QR was made, and for one
        whose time is over.
        """
        made = self._made(payment.reference)
        if made is None:
            raise Refused(f"no QR was made for {payment.reference}: see /_control/qris", code="qris-unknown")
        ends = made.get("valid_until", "")
        if ends and datetime.fromisoformat(ends) < self._bank.now() and self._known(payment) is None:
            raise Refused(f"this QR was good until {ends}: pay by the virtual account", code="qris-over")
        access, transcripts = self._bank.token()
        if access is not None:
            transcripts.append(self._bank.call(NOTIFY, self._told(made, payment), access))
        answer = transcripts[-1]["answer"]
        code = answer.get("responseCode", "") if isinstance(answer, dict) else ""
        if (code, payment.status) == (TAKEN, "00"):
            self._bank.journal.append("qris-taken", reference=payment.reference)
        return {"code": code, "transcripts": transcripts}

    def _known(self, payment: QrisPayment) -> dict[str, Any] | None:
        """The message by which this was told before."""
        told = [each for each in self._bank.journal.entries("qris-told") if each["reference"] == payment.reference]
        found = next((each for each in told if each["status"] == payment.status), None)
        return None if found is None else dict(found["request"])

    def _told(self, made: Entry, payment: QrisPayment) -> dict[str, Any]:
        known = self._known(payment)
        if known is not None:
            return known
        request = {
            "originalReferenceNo": f"{made['reference_no']}{payment.status}",
            "originalPartnerReferenceNo": payment.reference,
            "latestTransactionStatus": payment.status,
            "amount": made["amount"],
            "additionalInfo": {"paidTime": snap.timestamp(self._bank.now())},
        }
        self._bank.journal.append("qris-told", reference=payment.reference, status=payment.status, request=request)
        return request

    def _made(self, reference: str) -> Entry | None:
        return next((each for each in self._bank.journal.entries("qris") if each["reference"] == reference), None)

    def _generate(self, request: Request, body: bytes) -> Response:
        ordered = self._bank.sayings.words()
        if ordered is not None:
            return self._says(ordered, REFUSALS[ordered])
        try:
            self._check(request, body)  # 1
        except Unauthenticated as fault:
            return self._says("4014700", f"Unauthorized. [{fault.code}]")
        asked = json.loads(body)
        if json_violations("bank/qris-generate/1.0/request", asked):
            return self._says("4004701", "Invalid Field Format")
        if asked["merchantId"] != self._bank.config.secrets.get("merchant_id"):
            return self._says("4044708", "Invalid Merchant")
        with self._bank.taking:
            external = request.headers.get("x-external-id", "")
            if any(each["external"] == external for each in self._bank.journal.entries("qris-asked")):  # 2
                return self._says("4094700", "Conflict")
            self._bank.journal.append("qris-asked", external=external, request=masked(asked, "merchantId"))
            made = self._made(asked["partnerReferenceNo"]) or self._make(asked)  # 3
        return JSONResponse(
            {
                "responseCode": "2004700",
                "responseMessage": "Successful",
                "referenceNo": made["reference_no"],
                "partnerReferenceNo": made["reference"],
                "qrContent": made["content"],
            }
        )

    def _check(self, request: Request, body: bytes) -> None:
        """Raise Unauthenticated for what the hub did not sign now."""
        moment = request.headers.get("x-timestamp", "")
        try:
            near = abs(datetime.fromisoformat(moment) - self._bank.now()) <= WINDOW
        except (ValueError, TypeError) as fault:
            raise Unauthenticated("X-TIMESTAMP is no time with its offset", code="timestamp-missing") from fault
        if not near or request.headers.get("x-partner-id") != self._bank.config.secrets["partner_id"]:
            raise Unauthenticated("X-TIMESTAMP is not now, or the partner is another", code="credentials-wrong")
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        orders, given = self._bank.orders, request.headers.get("x-signature", "")
        snap.check_asymmetric(
            self._hub_certificates()[0], orders.target(target), body, moment, given, hexadecimal=orders.hexadecimal
        )

    def _hub_certificates(self) -> Sequence[x509.Certificate]:
        return load_certificates(self._bank.folder / Path(self._bank.config.hub_certificate))

    def _make(self, asked: dict[str, Any]) -> Entry:
        number = f"{len(self._bank.journal.entries('qris')) + 1:026d}"
        return self._bank.journal.append(
            "qris",
            reference=asked["partnerReferenceNo"],
            reference_no=number,
            amount=asked["amount"],
            valid_until=asked.get("validityPeriod", ""),
            content=qr_content(asked["amount"]["value"]),
        )

    def _says(self, code: str, text: str) -> Response:
        self._bank.journal.append("qris-refused", code=code, text=text)
        return JSONResponse({"responseCode": code, "responseMessage": text}, status_code=int(code[:3]))


def qr_content(amount: str) -> str:
    """Write what a dynamic QR of that amount holds: EMVCo members, and their CRC-16 (polynomial 1021) at the end."""
    rupiah = amount.partition(".")[0]
    members = (("00", "01"), ("01", "12"), ("52", "9399"), ("53", "360"), ("54", rupiah), ("58", "ID"),
               ("59", "RETRIBUSI"), ("60", "MOJOKERTO"))  # fmt: skip
    text = "".join(f"{name}{len(value):02d}{value}" for name, value in members) + "6304"
    crc = 0xFFFF
    for each in text.encode():
        crc ^= each << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return f"{text}{crc:04X}"
