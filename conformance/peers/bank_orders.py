"""What banks differ in, and what they do wrong towards the hub, on order.

POST /_control/signature    {"profile": "snap-bi-path-hex"}: sign and check as that bank does, until a restart;
                            `signature` in config.json is how it begins
POST /_control/calls        {"kind": "stale-timestamp", "times": 2}: that is wrong with the next messages to the
                            hub, token requests apart; null ends it
POST /_control/pay-again    {"account": "..."}: pay an account that was paid, as another payment
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from conformance.peers.config import SnapSignature
from conformance.signing import snap
from gateway.domain.errors import Refused

if TYPE_CHECKING:
    from conformance.peers.bank import BankPeer

LATE = timedelta(minutes=30)
"""Far outside of what any bank and the hub allow their clocks to differ."""


class CallFault(StrEnum):
    """What is wrong with a message of the bank."""

    STALE_TIMESTAMP = "stale-timestamp"
    """X-TIMESTAMP, signed, is half an hour old."""
    SAME_EXTERNAL_ID = "same-external-id"
    """X-EXTERNAL-ID is that of the message before."""
    WRONG_SIGNATURE = "wrong-signature"
    """X-SIGNATURE is one over other bytes."""


class CallOrder(BaseModel):
    """Make the next `times` messages faulty; `kind` null ends it."""

    kind: CallFault | None
    times: int = Field(default=1, ge=1)


class SignatureOrder(BaseModel):
    """How the bank signs from now on, by the profile's name in the agreement."""

    profile: SnapSignature


class PaymentAgain(BaseModel):
    """Which account is paid once more; `amount` (whole rupiah) in the place of what was paid."""

    account: str = Field(pattern="^[0-9]{2,28}$")
    amount: int | None = Field(default=None, ge=1)


class BankOrders:
    """The orders of one bank. `profile` is how it signs now."""

    def __init__(self, bank: BankPeer) -> None:
        self._bank = bank
        self._lock = threading.Lock()
        self._call: CallOrder | None = None
        self._external = ""
        self.profile: SnapSignature = bank.config.signature

        @bank.app.post("/_control/signature")
        def signature(order: SignatureOrder) -> dict[str, Any]:
            self.profile = order.profile
            return order.model_dump()

        @bank.app.post("/_control/calls")
        def calls(order: CallOrder) -> dict[str, Any]:
            with self._lock:
                self._call = order if order.kind is not None else None
            return order.model_dump()

        @bank.app.post("/_control/pay-again")
        def pay_again(payment: PaymentAgain) -> dict[str, Any]:
            with bank.taking:
                return self.pay_again(payment)

    @property
    def hexadecimal(self) -> bool:
        """Whether signatures are written in hex."""
        return self.profile.endswith("-hex")

    def target(self, path: str) -> str:
        """Give EndpointUrl, the path that is signed: with its query, or without."""
        return path.partition("?")[0] if "-path" in self.profile else path

    def call(self, path: str, body: bytes, access: str, external: str) -> Mapping[str, str]:
        """Give X-TIMESTAMP, X-SIGNATURE and X-EXTERNAL-ID of a message, with the fault that is due."""
        with self._lock:
            order, before = self._call, self._external
            if order is not None:
                self._call = order.model_copy(update={"times": order.times - 1}) if order.times > 1 else None
            kind = None if order is None else order.kind
            if kind is CallFault.SAME_EXTERNAL_ID and before:
                external = before
            self._external = external
        if kind is not None:
            self._bank.journal.append("call-fault", fault=kind)
        moment = snap.timestamp(self._bank.now() - (LATE if kind is CallFault.STALE_TIMESTAMP else timedelta()))
        signed = snap.transaction_signature(
            self._bank.config.secrets["client_secret"],
            self.target(path),
            access,
            body + b" " if kind is CallFault.WRONG_SIGNATURE else body,
            moment,
            hexadecimal=self.hexadecimal,
        )
        return {"X-TIMESTAMP": moment, "X-SIGNATURE": signed, "X-EXTERNAL-ID": external}

    def pay_again(self, payment: PaymentAgain) -> dict[str, Any]:
        """Tell of another payment of an account that was paid: gives `code` (empty when none came) and transcripts.

        Nothing of it enters the bank's own books. Raises Refused `nothing-paid`.
        """
        bank = self._bank
        paid = [each for each in bank.journal.entries("payment") if each["account"] == payment.account]
        if not paid:
            raise Refused(f"account {payment.account} was never paid: pay it first", code="nothing-paid")
        request_id = digits(bank.surroundings.new_id())
        request = {
            **paid[-1]["request"],
            "paymentRequestId": request_id,
            "referenceNo": request_id[-11:],
            "trxDateTime": snap.timestamp(bank.now()),
            "flagAdvise": "N",
        }
        if payment.amount is not None:
            request["paidAmount"] = {"value": f"{payment.amount}.00", "currency": "IDR"}
        access, transcripts = bank.token()
        if access is not None:
            transcripts.append(bank.pay_call(request, access))
        bank.journal.append("payment-again", account=payment.account, transcripts=transcripts)
        answer = transcripts[-1]["answer"]
        return {"code": answer.get("responseCode", "") if isinstance(answer, dict) else "", "transcripts": transcripts}


def digits(new_id: str) -> str:
    """Write a UUID as 36 digits: X-EXTERNAL-ID may have no letters and no more."""
    return f"{int(new_id.replace('-', ''), 16) % 10**36:036d}"
