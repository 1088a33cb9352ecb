"""The bank's daily settlement: what it moved to the retribution account, held against the payments that cases know.

There is no public specification of such a file. It is a format of our own, as the parties agree on it under Pasal
21(2)c.3: a line for each payment, of a virtual account or of a QR, every value as text. A payment is told once, by
transfer-va/payment or qr/qr-mpm-notify at its time; the settlement never records one. It finds where the two differ,
either way, and calls a person to the case (22(4)b; what SIMOJO holds counts until then, 22(5)):

    a line and no such payment            here, line by line
    a payment of the file's days, no line `unsettled`, asked by the hub at the end of the file
"""

from __future__ import annotations

from datetime import datetime

from adapters.bank.mapping import WIB
from adapters.bank.qris import URN
from gateway.contract.adapter import Accept, Decline, Effect, Expected, Found, Reason
from gateway.contract.message import Json, Payload, Refusal
from gateway.contract.moments import moment
from gateway.domain.case import PermitCase
from gateway.domain.events import AttentionRaised, AttentionSettled, CaseEvent, PaymentReceived, Reference
from gateway.domain.skrd import rupiah

SOURCE = "bank/settlement"
MATCHED, DIFFERS, UNKNOWN = "matched", "differs", "unknown"
INVALID, FAILED = "invalid", "failed"
KEYS = ("virtualAccountNo", "partnerReferenceNo", "bankReference")


def settled_account(payload: Payload) -> tuple[Reference, ...]:
    """Look up the case of the virtual account, or of our question for the QR (among our messages to the bank)."""
    if "virtualAccountNo" in payload:
        return (Reference(kind="virtual-account", value=str(payload["virtualAccountNo"])),)
    return (Reference(kind="message", value=f"{URN}{payload['partnerReferenceNo']}"),)


def reconciled(payload: Payload, found: Found) -> Accept | Decline:
    """Compare a settled line with the payment of its case. Nothing happens where they agree.

    A difference calls a person once: a line that is sent again says the same, and is told to differ all the same. A
    payment that an earlier file lacked is there now: that attention is settled, and no other.
    """
    cases = [case for each in settled_account(payload) for case in found.get(each, ())]
    if len(cases) != 1 or cases[0].skrd is None:
        money = f"{rupiah(int(str(payload['amount'])))} dengan nomor {payload['bankReference']}"
        kind = "virtual account" if "virtualAccountNo" in payload else "QRIS"
        return Decline(reason=Reason.NOT_FOUND, text=f"{money}: tidak ada SKRD di sini dengan {kind} ini")
    (case,) = cases
    events: list[CaseEvent] = []
    if (lacked := f"{SOURCE}: {unsettled(case)}") in case.attention and names(payload, case):
        events.append(AttentionSettled(officer=SOURCE, text="Setelmen kemudian memuat pembayaran ini.", only=lacked))
    difference = _difference(payload, case)
    if difference and f"{SOURCE}: {difference}" in case.attention:
        return Decline(reason=Reason.INCONSISTENT, text=difference)
    if difference:
        events.append(AttentionRaised(source=SOURCE, text=difference))
    return Accept(effects=(Effect(case=case.id, events=tuple(events)),) if events else ())


def names(payload: Payload, case: PermitCase) -> bool:
    """Whether a line is of the payment that the case knows, by the bank's number; one of another money is not."""
    return case.payment is not None and case.payment.bank_reference == payload["bankReference"]


def unsettled(case: PermitCase) -> str:
    """Say for an officer that the settlement lacks the payment of this case, and what to do; "" without a payment."""
    payment = case.payment
    if payment is None:
        return ""
    return (
        f"Bank memberitahukan {rupiah(payment.amount)} dengan nomor {payment.bank_reference}, dibayar "
        f"{_day(payment.paid_at)}, dan tidak ada baris setelmen yang sah untuknya: lihat baris yang tidak sah, lalu "
        "tanyakan kepada bank apakah uangnya sudah disetorkan."
    )


TOLD: Expected[PaymentReceived] = Expected(
    fact=PaymentReceived, at=lambda payment: payment.paid_at, names=names, missed=unsettled, own=True
)
"""A settlement of some days names every payment of these days that the bank told."""


def settlement_result(payload: Payload, said: Accept | Decline | Refusal) -> Payload:
    """Write what became of a line, with the bank's own keys."""
    row: dict[str, Json] = {name: payload[name] for name in KEYS if isinstance(payload.get(name), str)}
    match said:
        case Accept(effects=effects):
            texts = [event.text for each in effects for event in each.events if isinstance(event, AttentionRaised)]
            return {**row, "outcome": DIFFERS, "text": "; ".join(texts)} if texts else {**row, "outcome": MATCHED}
        case Decline(reason=Reason.NOT_FOUND, text=text):
            return {**row, "outcome": UNKNOWN, "text": text}
        case Decline(text=text):
            return {**row, "outcome": DIFFERS, "text": text}
        case Refusal(violations=(), text=text):
            # the line is well made: the hub, the case or the agreement has no place for it, and the bank keeps its keys
            return {**row, "outcome": FAILED, "text": text[:500]}
    return {"outcome": INVALID, "text": said.text[:500]}


def _difference(payload: Payload, case: PermitCase) -> str:
    """Say for an officer where a line and the case differ, and what to do; "" where they do not."""
    reference, amount = str(payload["bankReference"]), int(str(payload["amount"]))
    settled = f"Bank menyetorkan {rupiah(amount)} dengan nomor {reference}"
    payment = case.payment
    if payment is None:
        return f"{settled} dan belum memberitahukan pembayaran itu: mintalah bank mengirim pemberitahuannya."
    if payment.amount != amount:
        return f"{settled}, yang diberitahukan {rupiah(payment.amount)}: tanyakan selisihnya kepada bank."
    if payment.bank_reference != reference:
        return (
            f"{settled}, yang diberitahukan {payment.bank_reference}: "
            "tanyakan kepada bank apakah pemohon membayar dua kali."
        )
    paid_at = moment(str(payload["paidAt"])) if "paidAt" in payload else None
    if paid_at is not None and _day(paid_at) != _day(payment.paid_at):  # the day decides whether it was in time (14(3))
        return (
            f"{settled}, dibayar {_day(paid_at)}; yang diberitahukan dibayar {_day(payment.paid_at)}: "
            "tanyakan hari yang benar kepada bank."
        )
    return ""


def _day(at: datetime) -> str:
    return f"{at.astimezone(WIB):%Y-%m-%d}"
