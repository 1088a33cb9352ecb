"""The bank's daily settlement: what it moved to the retribution account, held against the payments that cases know.

There is no public specification of such a file. It is a format of our own, as the parties agree on it under Pasal
21(2)c.3: a line for each virtual account that was paid, every value as text. A payment is told once, by
transfer-va/payment at its time; the settlement never records one, it only finds where the two differ, and calls a
person to the case (22(4)b; what SIMOJO holds counts until then, 22(5)).
"""

from __future__ import annotations

from gateway.contract.adapter import Accept, Decline, Effect, Found, Reason
from gateway.contract.message import Json, Payload, Refusal
from gateway.domain.case import PermitCase
from gateway.domain.events import AttentionRaised, Reference

SOURCE = "bank/settlement"
MATCHED, DIFFERS, UNKNOWN = "matched", "differs", "unknown"
INVALID, FAILED = "invalid", "failed"


def settled_account(payload: Payload) -> tuple[Reference, ...]:
    """Look up the case of the virtual account."""
    return (Reference(kind="virtual-account", value=str(payload["virtualAccountNo"])),)


def reconciled(payload: Payload, found: Found) -> Accept | Decline:
    """Compare a settled line with the payment of its case. Nothing happens where they agree.

    A difference calls a person once: a line that is sent again says the same, and is told to differ all the same.
    """
    cases = [case for each in settled_account(payload) for case in found.get(each, ())]
    if len(cases) != 1 or cases[0].skrd is None:
        return Decline(reason=Reason.NOT_FOUND, text="tidak ada SKRD di sini dengan virtual account ini")
    (case,) = cases
    difference = _difference(payload, case)
    if not difference:
        return Accept()
    if f"{SOURCE}: {difference}" in case.attention:
        return Decline(reason=Reason.INCONSISTENT, text=difference)
    event = AttentionRaised(source=SOURCE, text=difference)
    return Accept(effects=(Effect(case=case.id, events=(event,)),))


def settlement_result(payload: Payload, said: Accept | Decline | Refusal) -> Payload:
    """Write what became of a line, with the bank's own keys."""
    row: dict[str, Json] = {
        name: payload[name] for name in ("virtualAccountNo", "bankReference") if isinstance(payload.get(name), str)
    }
    match said:
        case Accept(effects=()):
            return {**row, "outcome": MATCHED}
        case Accept(effects=effects):
            texts = [event.text for each in effects for event in each.events if isinstance(event, AttentionRaised)]
            return {**row, "outcome": DIFFERS, "text": "; ".join(texts)}
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
    payment = case.payment
    if payment is None:
        return (
            f"Bank menyetorkan Rp{amount} dengan nomor {reference} dan belum memberitahukan pembayaran itu: "
            "mintalah bank mengirim pemberitahuannya."
        )
    if payment.amount != amount:
        return (
            f"Bank menyetorkan Rp{amount} dengan nomor {reference}, yang diberitahukan Rp{payment.amount}: "
            "tanyakan selisihnya kepada bank."
        )
    if payment.bank_reference != reference:
        return (
            f"Bank menyetorkan Rp{amount} dengan nomor {reference}, yang diberitahukan {payment.bank_reference}: "
            "tanyakan kepada bank apakah pemohon membayar dua kali."
        )
    return ""
