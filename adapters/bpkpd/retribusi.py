"""BPKPD's daily list of realised retribusi: what the city's books have, held against the charges that cases know.

There is no public specification of this list. It is a format of our own, as the parties agree on it under Pasal
21(2)c.3: a line for each SKRD that was paid into the city's account, every value as text. The bank tells of a payment
at its time; this list records none, it finds where the books and the case differ, and calls a person (22(4)b). The
`period` of its manifest are the days of payment of which the books, with earlier lists, have everything: a payment of
these days that no list has is told too (`unbooked`, asked by the hub at the end of the file).
"""

from __future__ import annotations

from gateway.contract.adapter import Accept, Decline, Effect, Expected, Found, Reason
from gateway.contract.message import Payload
from gateway.domain.calendar import JAKARTA
from gateway.domain.case import PermitCase
from gateway.domain.events import AttentionRaised, AttentionSettled, CaseEvent, PaymentReceived, Reference
from gateway.domain.skrd import rupiah

SOURCE = "bpkpd/retribusi"


def realised_charge(payload: Payload) -> tuple[Reference, ...]:
    """Look up the case by the payment code of its SKRD."""
    return (Reference(kind="virtual-account", value=str(payload["kodeBayar"])),)


def realised(payload: Payload, found: Found) -> Accept | Decline:
    """Compare a line of the books with its case. A difference calls a person once, however often it is sent."""
    cases = [case for each in realised_charge(payload) for case in found.get(each, ())]
    if len(cases) != 1 or cases[0].skrd is None:
        return Decline(reason=Reason.NOT_FOUND, text="tidak ada SKRD di sini dengan kode bayar ini")
    (case,) = cases
    if case.skrd is None or case.skrd.number != payload["nomorSkrd"]:
        return Decline(reason=Reason.INCONSISTENT, text="kode bayar ini milik SKRD lain")
    events: list[CaseEvent] = []
    if (lacked := f"{SOURCE}: {unbooked(case)}") in case.attention:
        events.append(AttentionSettled(officer=SOURCE, text="Daftar kemudian memuat pembayaran ini.", only=lacked))
    difference = _difference(payload, case)
    if difference and f"{SOURCE}: {difference}" in case.attention:
        return Decline(reason=Reason.ALREADY_DONE, text=difference)
    if difference:
        events.append(AttentionRaised(source=SOURCE, text=difference))
    return Accept(effects=(Effect(case=case.id, events=tuple(events)),) if events else ())


def unbooked(case: PermitCase) -> str:
    """Say for an officer that the books lack the payment of this case, and what to do; "" without a payment."""
    if case.payment is None or case.skrd is None:
        return ""
    day = case.payment.paid_at.astimezone(JAKARTA).date()
    return (
        f"SKRD {case.skrd.number} dibayar {rupiah(case.payment.amount)} pada {day}, dan tidak ada baris pembukuan "
        "yang sah untuknya: lihat baris yang tidak sah, lalu tanyakan kepada BPKPD."
    )


PAID: Expected[PaymentReceived] = Expected(
    fact=PaymentReceived,
    at=lambda payment: payment.paid_at,
    names=lambda _line, case: case.payment is not None,  # the books have no number of a payment, and one for each SKRD
    missed=unbooked,
)
"""A list of some days names every payment of these days, whoever told it."""


def _difference(payload: Payload, case: PermitCase) -> str:
    amount = int(str(payload["jumlah"]))
    booked = f"BPKPD membukukan {rupiah(amount)} untuk SKRD {payload['nomorSkrd']}"
    if case.payment is None:
        return f"{booked}, sedangkan di sini belum ada pembayaran: tanyakan kepada bank dan BPKPD."
    if case.payment.amount != amount:
        return f"{booked}, sedangkan yang dibayar {rupiah(case.payment.amount)}: tanyakan selisihnya kepada BPKPD."
    return ""
