"""The bank of the retribution account, simulated: pays a virtual account over SNAP BI, with the hub as server.

    1. token (service 73), 2. inquiry (24): what is owed, 3. payment (25) of that amount

A payment stands in the journal before it is sent. When its answer was lost, the next call repeats it with the same
paymentRequestId and flagAdvise Y, without a new inquiry: the money has moved at the bank, and the bill may look paid.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, Field

from conformance.peers.bank_orders import BankOrders, digits
from conformance.peers.bank_qris import REFUSALS, Qris
from conformance.peers.bank_settling import Settling, settled
from conformance.peers.journal import Entry, masked
from conformance.peers.peer import Peer
from conformance.peers.record_files import RecordFiles
from conformance.signing import snap
from gateway.domain.errors import Refused

TOKEN_PATH = "/rest/bank/v1.0/access-token/b2b"  # noqa: S105 - an address, not a secret
TRANSFER_PATH = "/rest/bank/v1.0/transfer-va"
PADDED = 8
PAID, REFUSED, UNKNOWN = "paid", "refused", "unknown"


class Payment(BaseModel):
    """What to pay. `account` is the virtual account's digits; `amount` (whole rupiah) overrides what is owed."""

    account: str = Field(pattern="^[0-9]{2,28}$")
    amount: int | None = Field(default=None, ge=1)


class BankPeer(Peer):
    """Pays on demand, each account once; makes QRs for the office, and pays them; settles what was paid in a file."""

    agency = "bank"
    refusals = REFUSALS

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)
        self.qris = Qris(self)
        self.orders = BankOrders(self)

        @self.app.post("/_control/pay")
        def pay(payment: Payment) -> dict[str, Any]:
            with self.taking:
                return self.pay(payment)

        @self.app.post("/_control/settle")
        def settle(settling: Settling) -> dict[str, Any]:
            lines, days = settled(self, settling)
            return RecordFiles(self, "settlement").deliver(lines, days).told()

    def guide(self) -> str:
        """Give a payment."""
        return (
            "Bayar rekening virtual / pay a virtual account (its number stands on the SKRD):\n\n```sh\n"
            "curl -s {peer}/_control/pay -H 'Content-Type: application/json' -d '{\"account\": \"<nomor>\"}'\n```\n\n"
            "Bayar QRIS / pay a QR (its reference stands in the list):\n\n```sh\ncurl -s {peer}/_control/qris\n"
            "curl -s {peer}/_control/pay-qris -H 'Content-Type: application/json'"
            ' -d \'{"reference": "<referensi>"}\'\n```\n\n'
            "Setelmen sebagai berkas, satu baris asing / settle in a file, one line of nobody's account:\n\n```sh\n"
            "curl -s {peer}/_control/settle -H 'Content-Type: application/json' -d '{\"unknown\": 1}'\n```\n\n"
            "Setelmen yang lengkap menurut manifesnya, tanpa satu pembayaran / one that says it is whole, and lacks a "
            "payment:\n\n```sh\ncurl -s {peer}/_control/settle -H 'Content-Type: application/json'"
            ' -d \'{"whole": true, "without": ["<nomor>"]}\'\n```\n'
        )

    def pay(self, payment: Payment) -> dict[str, Any]:
        """Ask what is owed and pay it. `outcome` is paid, refused or unknown; `transcripts` says what went and came.

        `unknown`: the answer was lost; call again. A paid account gives its recorded outcome with `again` true.
        Raises Refused when the account is not one of the agreed partner service.
        """
        account = self._account_members(payment.account)
        started = self._last("payment", payment.account)
        ended = self._last("payment-ended", payment.account)
        if ended is not None and ended["outcome"] == PAID:
            return {"outcome": PAID, "again": True, "transcripts": ended["transcripts"]}
        if ended is not None and started is not None and ended["request_id"] == started["request_id"]:
            started = None

        access, transcripts = self.token()
        if access is None:
            outcome = UNKNOWN if started else _outcome(transcripts[-1])
            return {"outcome": outcome, "again": False, "transcripts": transcripts}
        if started is None:
            request = self._inquire(account, payment, access, transcripts)
            if request is None:
                return {"outcome": _outcome(transcripts[-1]), "again": False, "transcripts": transcripts}
            self.journal.append(
                "payment", account=payment.account, request_id=request["paymentRequestId"], request=request
            )
        else:
            request = {**started["request"], "flagAdvise": "Y"}
        sent = self._call("payment", request, access)
        transcripts.append(sent)
        outcome = _outcome(sent)
        if outcome == UNKNOWN:
            self.journal.append("payment-unanswered", account=payment.account, transcript=sent)
        else:
            self.journal.append(
                "payment-ended",
                account=payment.account,
                request_id=request["paymentRequestId"],
                outcome=outcome,
                transcripts=transcripts,
            )
        return {"outcome": outcome, "again": False, "transcripts": transcripts}

    def _last(self, kind: str, account: str) -> Entry | None:
        return next((each for each in reversed(self.journal.entries(kind)) if each["account"] == account), None)

    def _account_members(self, account: str) -> dict[str, str]:
        service = self.config.secrets["partner_service_id"].strip()
        if not account.startswith(service) or account == service:
            text = f"account {account} is not of partner service {service}: give all digits of the virtual account"
            raise Refused(text, code="account-not-ours")
        padded, customer = service.rjust(PADDED), account.removeprefix(service)
        return {"partnerServiceId": padded, "customerNo": customer, "virtualAccountNo": padded + customer}

    def token(self) -> tuple[str | None, list[dict[str, Any]]]:
        """Ask the hub for an access token (service 73): it, or None, and the transcript."""
        moment = snap.timestamp(self.now())
        client_id = self.config.secrets["client_id"]
        headers = {
            "X-TIMESTAMP": moment,
            "X-CLIENT-KEY": client_id,
            "X-SIGNATURE": snap.token_signature(self.identity.key, client_id, moment),
        }
        transcript = self._post(TOKEN_PATH, headers, {"grantType": "client_credentials"})
        answer = transcript["answer"]
        access = answer.get("accessToken") if isinstance(answer, dict) else None
        if access is not None:
            transcript["answer"] = masked(answer, "accessToken")
        return access, [transcript]

    def _inquire(
        self, account: Mapping[str, str], payment: Payment, access: str, transcripts: list[dict[str, Any]]
    ) -> dict[str, Any] | None:
        """Ask what is owed; give the payment to be made, or None when there is no bill."""
        moment = snap.timestamp(self.now())
        request_id = self.digits()
        request = {**account, "inquiryRequestId": request_id, "trxDateInit": moment, "channelCode": "6010"}
        transcript = self._call("inquiry", request, access)
        transcripts.append(transcript)
        answer = transcript["answer"]
        bill = answer.get("virtualAccountData") if isinstance(answer, dict) and transcript["status"] == 200 else None
        if not isinstance(bill, dict):
            return None
        owed = bill["totalAmount"]
        paid = owed if payment.amount is None else {"value": f"{payment.amount}.00", "currency": "IDR"}
        return {
            **account,
            "virtualAccountName": bill["virtualAccountName"],
            "paymentRequestId": request_id,
            "channelCode": "6010",
            "paidAmount": paid,
            "totalAmount": owed,
            "trxDateTime": moment,
            "referenceNo": request_id[-11:],
            "flagAdvise": "N",
        }

    def _call(self, service: str, request: Mapping[str, Any], access: str) -> dict[str, Any]:
        return self.call(f"{TRANSFER_PATH}/{service}", request, access)

    def call(self, address: str, request: Mapping[str, Any], access: str) -> dict[str, Any]:
        """Send one signed message to that address of the hub and give the transcript."""
        path = urlsplit(self.config.hub_url).path + address
        secrets = self.config.secrets
        headers = {
            "Authorization": f"Bearer {access}",
            **self.orders.call(path, _body(request), access, self.digits()),
            "X-PARTNER-ID": secrets["partner_id"],
            "CHANNEL-ID": secrets["channel_id"],
        }
        return self._post(address, headers, request)

    def _post(self, address: str, headers: Mapping[str, str], request: Mapping[str, Any]) -> dict[str, Any]:
        """Send and give the transcript; its status is None when no answer came."""
        shown = masked(headers, "Authorization", "X-CLIENT-KEY")
        transcript: dict[str, Any] = {"path": address, "headers": shown, "request": dict(request)}
        try:
            answer = self.client.post(
                f"{self.config.hub_url}{address}",
                content=_body(request),
                headers={**headers, "Content-Type": "application/json"},
            )
        except httpx2.HTTPError as fault:
            return transcript | {"status": None, "answer": type(fault).__name__}
        try:
            body = answer.json()
        except ValueError:
            body = answer.text[:2000]
        return transcript | {"status": answer.status_code, "answer": body}

    def pay_call(self, request: Mapping[str, Any], access: str) -> dict[str, Any]:
        """Tell the hub of a payment of a virtual account (service 25); gives the transcript."""
        return self._call("payment", request, access)

    def digits(self) -> str:
        """A new number of digits alone."""
        return digits(self.surroundings.new_id())


def _body(request: Mapping[str, Any]) -> bytes:
    """Write JSON without white space between tokens, so that it is its own minified form."""
    return json.dumps(request, separators=(",", ":"), ensure_ascii=False).encode()


def _outcome(transcript: Mapping[str, Any]) -> str:
    """Read a call's end. No answer, a server's fault and an answer that is no SNAP all leave it unknown."""
    status, answer = transcript["status"], transcript["answer"]
    code = str(answer.get("responseCode", "")) if isinstance(answer, dict) else ""
    if status is None or status >= 500 or not code:
        return UNKNOWN
    return PAID if code.startswith("20025") else REFUSED
