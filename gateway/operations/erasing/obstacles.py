"""What stands in the way of an erasure: whatever is still to be done for the person, a hold, a permit that stands.

Data that the office still needs to do its duty are not to be erased (UU 27/2022 Pasal 43(1)a the other way round), and
what is half said would never be answered. A permit that stands is a public document of the office: it is kept in the
public interest of running the state (Pasal 15(1)c), unless the order says why that does not hold here. What staff hold
for evidence is kept for the law's enforcement (Pasal 15(1)b) until they let it go; an order cannot answer that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.case import PermitCase
from gateway.domain.errors import CaseRefusal, Refused, Tampered
from gateway.domain.facts import decode_case
from gateway.store.reading import Reader
from gateway.store.sealing import ERASED


class Obstacle(StrEnum):
    """Why a person's data are not erased now; the codes of refusals."""

    CASE_OPEN = "case-not-ended"
    STILL_TO_SEND = "delivery-unfinished"
    FILE_OPEN = "batch-unfinished"
    HELD = "held-for-evidence"
    PERMIT_STANDS = "permit-stands"


_TEXTS = {
    Obstacle.CASE_OPEN: "Berkas {case} belum selesai (tahap {what}): selesaikan, tolak, atau catat penarikannya dahulu"
    " (case {case} has not ended, it is {what}: end it first)",
    Obstacle.STILL_TO_SEND: "Kiriman {what} dari berkas {case} belum selesai: tunggu sampai terkirim dan dijawab, atau"
    " batalkan (delivery {what} of case {case} is still to be sent, answered or collected: wait for it, or cancel it)",
    Obstacle.FILE_OPEN: "Berkas data {what} yang memuat berkas {case} belum selesai: tunggu sampai selesai, atau"
    " batalkan (the file of records {what}, which names case {case}, has not ended: wait for it, or cancel it)",
    Obstacle.HELD: "Berkas {case} ditahan untuk pembuktian ({what}); alasannya tercatat (`simojo retention"
    " status`). Bila tidak diperlukan lagi, lepaskan dahulu dengan `simojo retention release {subject}`"
    " ({what} of case {case} is held for evidence, a reason is on record: release it first if it is needed no more)",
    Obstacle.PERMIT_STANDS: "Izin dari berkas {case} masih berlaku. Menghapus datanya membuat izin itu tidak dapat"
    " diperiksa lagi; perintah penghapusan harus menyebut alasannya (the permit of case {case} is in force, and nobody"
    " could check it any more: the order has to say why it is erased all the same)",
}


@dataclass(frozen=True)
class Found:
    """An obstacle: which case, and what of it."""

    obstacle: Obstacle
    case_id: str
    what: str

    @property
    def text(self) -> str:
        """For staff, Indonesian first."""
        return _TEXTS[self.obstacle].format(case=self.case_id, what=self.what, subject=self.what.rpartition("/")[2])


def obstacles(reader: Reader, cases: Sequence[str], *, permit_is_answered: bool) -> Iterator[Found]:
    """What stands in the way of the erasure of these cases; `permit_is_answered`: the order names why permits fall."""
    for case_id in cases:
        row = reader.case(case_id)
        if row is not None and not row.ended:
            yield Found(Obstacle.CASE_OPEN, case_id, row.stage)
        for delivery in reader.unfinished_deliveries(case_id):
            yield Found(Obstacle.STILL_TO_SEND, case_id, f"{delivery.id} ({delivery.agency}, {delivery.state})")
        for batch in reader.batches_naming(case_id):
            if batch.ended_at is None:
                yield Found(Obstacle.FILE_OPEN, case_id, batch.id)
        for subject in reader.holds_on(case_id):
            yield Found(Obstacle.HELD, case_id, subject)
        case = None if row is None else read_case(row.body)
        if case is not None and case.number_active and not permit_is_answered:
            yield Found(Obstacle.PERMIT_STANDS, case_id, "")


def refuse(found: Iterator[Found]) -> None:
    """Raise CaseRefusal, a Refused, for the first obstacle, by its code."""
    for each in found:
        raise CaseRefusal(each.text, code=each.obstacle.value, clause="UU 27/2022 Pasal 15, Pasal 43")


def read_case(body: str) -> PermitCase | None:
    """The case of a stored body; None where it was erased or cannot be read any more."""
    if body == ERASED:
        return None
    try:
        return decode_case(json.loads(body))
    except (ValueError, KeyError, TypeError, Refused, Tampered):
        return None
