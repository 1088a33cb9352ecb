"""Orders of erasure: one member of staff proposes, another approves, and then it is done. Each step is a leaf.

The reason is the office's record of why (UU 27/2022 Pasal 31), and outlives the data: it may not name the person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.errors import Malformed, Refused
from gateway.domain.identifiers import NIK, NPWP
from gateway.ledger.leaf import LeafKind
from gateway.operations.erasing.carrying import APPROVED, PROPOSED, Carrying
from gateway.operations.erasing.knowing import Told, known_of, says_any, silent
from gateway.operations.erasing.obstacles import obstacles, refuse
from gateway.operations.reasons import reason_of
from gateway.operations.retention.holds import HOLDS, moving
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Insert, Plan, Update
from gateway.store.sealed_rows import sealed
from gateway.store.tables import ErasureRow

REFUSED = "refused"


class Basis(StrEnum):
    """On which ground of UU 27/2022 Pasal 43(1) the data are erased."""

    PURPOSE_ENDED = "purpose-ended"
    """a. No longer needed for what they were gathered for."""
    CONSENT_WITHDRAWN = "consent-withdrawn"
    """b. The person has withdrawn their consent."""
    REQUESTED = "requested"
    """c. The person asks for it (Pasal 8)."""
    UNLAWFUL = "unlawful"
    """d. They were gathered or processed against the law."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """An erasure as it is proposed. Exactly one of `nik`, `npwp` and `case_id` says whose dossier is meant."""

    basis: Basis
    reason: str
    permit_reason: str | None = None
    nik: str | None = None
    npwp: str | None = None
    case_id: str | None = None


class Orders:
    """What staff do with erasures. `actor` is a member of staff by their id (`rina`)."""

    def __init__(self, carrying: Carrying, new_id: Callable[[], str]) -> None:
        self.carrying = carrying
        self._reader = carrying.reader
        self._new_id = new_id

    def propose(self, order: Order, actor: str) -> ErasureRow:
        """Propose an erasure. Raises Refused for the first obstacle (`gateway.operations.erasing.obstacles`).

        Also `dossier-unknown`, `case-unknown`, `erased`, `erasure-exists`, `staff-unknown`; Malformed
        `erasure-subject`, `reason-missing`, `reason-names-person`.
        """
        reason = _reason(order.reason)
        permit_reason = None if order.permit_reason is None else _reason(order.permit_reason)

        def prepare() -> ErasureRow:
            self._staff(actor)
            dossier = self._dossier(order)
            for row in self._reader.erasures_of(dossier):
                if row.state != REFUSED:
                    raise Refused(
                        f"Penghapusan {row.id} untuk berkas orang ini sudah ada, keadaannya {row.state}"
                        f" (erasure {row.id} of this dossier is {row.state} already)",
                        code="erasure-exists",
                    )
            cases = self.carrying.cases(dossier)
            refuse(obstacles(self._reader, cases, permit_is_answered=permit_reason is not None))
            for text in filter(None, (reason, permit_reason)):
                self._check_names_nobody(text, cases)
            made = ErasureRow(
                id=self._new_id(),
                dossier=dossier,
                state=PROPOSED,
                basis=order.basis.value,
                reason=reason,
                permit_reason=permit_reason,
                cases=len(cases),
                proposed_by=actor,
                proposed_at=self.carrying.clock(),
            )
            kept = sealed(self.carrying.vault, ErasureRow, made.model_dump(), made.model_dump(), at=made.proposed_at)
            self._commit(Insert(ErasureRow, kept.values), actor, "erasure-proposed", made, kept.plan)
            return made

        return prepared_again(prepare)

    def approve(self, erasure: str, actor: str, told: Told = silent) -> ErasureRow:
        """Approve a proposed erasure, and carry it out; gives how it stands then.

        A large file of SQLite is not written anew now, for exchanges would wait (`Carrying.finish`). `told`
        hears how many files of records are looked through.

        Raises Refused `erasure-unknown`, `erasure-state`, `second-person-needed`, `staff-unknown`, or an obstacle.
        """

        def prepare() -> None:
            self._staff(actor)
            counted = self._reader.counter(HOLDS)
            row = self.known(erasure)
            self._check_state(row)
            if actor == row.proposed_by:
                raise Refused(
                    f"{actor} mengusulkan penghapusan ini dan tidak dapat menyetujuinya: pegawai lain yang menyetujui"
                    f" ({actor} proposed it and cannot approve it: another member of staff does)",
                    code="second-person-needed",
                )
            cases = self.carrying.cases(row.dossier)
            refuse(obstacles(self._reader, cases, permit_is_answered=row.permit_reason is not None))
            decided = {"state": APPROVED, "decided_by": actor, "decided_at": self.carrying.clock()}
            closed = self.carrying.vault.closed_dossier(row.dossier)
            change = Update(ErasureRow, {"id": row.id}, {"state": PROPOSED}, decided)
            # a hold that is set meanwhile has it looked at again; one that comes later finds it approved
            self._commit(change, actor, "erasure-approved", row, closed + Plan.of(moving(counted)))

        prepared_again(prepare)
        self.carrying.finish(erasure, told=told)
        return self.known(erasure)

    def refuse(self, erasure: str, reason: str, actor: str) -> ErasureRow:
        """Refuse a proposed erasure, with a reason; who proposed it may take it back so.

        Raises Refused `erasure-unknown`, `erasure-state`, `staff-unknown`; Malformed `reason-missing`,
        `reason-names-person`.
        """
        said = _reason(reason)

        def prepare() -> None:
            self._staff(actor)
            row = self.known(erasure)
            self._check_state(row)
            self._check_names_nobody(said, self.carrying.cases(row.dossier))
            told = {"refused_because": said, "reason": row.reason, "permit_reason": row.permit_reason}
            kept = sealed(self.carrying.vault, ErasureRow, {"id": row.id}, told, at=row.proposed_at)
            decided = {"decided_by": actor, "decided_at": self.carrying.clock(), **kept.values}
            change = Update(ErasureRow, {"id": row.id}, {"state": PROPOSED}, {"state": REFUSED, **decided})
            self._commit(change, actor, "erasure-refused", row, kept.plan)

        prepared_again(prepare)
        return self.known(erasure)

    def known(self, erasure: str) -> ErasureRow:
        """The erasure with this id. Raises Refused `erasure-unknown`."""
        row = self._reader.erasure(erasure)
        if row is None:
            raise Refused(
                f"Penghapusan {erasure[:64]!r} tidak dikenal (no such erasure: see `simojo erasure list`)",
                code="erasure-unknown",
            )
        return row

    # --- within ---------------------------------------------------------------------------------------------------

    def _dossier(self, order: Order) -> str:
        named = [each for each in (order.nik, order.npwp, order.case_id) if each]
        if len(named) != 1:
            raise Malformed(
                "Sebutkan tepat satu: NIK, NPWP atau nomor berkas (name exactly one: NIK, NPWP or case)",
                code="erasure-subject",
            )
        if order.case_id:
            return self._dossier_of_case(order.case_id)
        person = f"nik/{NIK(order.nik)}" if order.nik else f"npwp/{NPWP(order.npwp or '')}"
        found = self._reader.dossier(self.carrying.vault.dossier_digest(person))
        if found is None:
            raise Refused(
                "Tidak ada berkas atas nomor ini: tidak pernah ada, atau sudah dihapus (no dossier is kept under this"
                " number: there never was one, or it is erased)",
                code="dossier-unknown",
            )
        return found

    def _dossier_of_case(self, case_id: str) -> str:
        key = self._reader.data_key(f"case/{case_id}")
        if key is None:
            raise Refused(f"no case {case_id[:64]!r} is known", code="case-unknown")
        if key.is_destroyed or key.under is None:
            raise Refused(
                f"Data berkas {case_id} sudah dihapus (the data of this case are erased)",
                code="erased",
                clause="UU 27/2022 Pasal 43",
            )
        return key.under

    def _check_state(self, row: ErasureRow) -> None:
        if row.state != PROPOSED:
            raise Refused(
                f"Penghapusan {row.id} tidak lagi menunggu persetujuan: {row.state} (it waits for nobody any more)",
                code="erasure-state",
            )

    def _check_names_nobody(self, text: str, cases: list[str]) -> None:
        if says_any(text, known_of(self._reader, cases).values):
            raise Malformed(
                "Alasan tidak boleh memuat data orang itu (nama, NIK, telepon, alamat): alasan tetap disimpan"
                " (the reason is kept, so it may not name the person)",
                code="reason-names-person",
                clause="UU 27/2022 Pasal 43",
            )

    def _staff(self, actor: str) -> None:
        if self._reader.staff(actor) is None:
            raise Refused(f"no staff {actor[:64]!r} is known: see `simojo staff list`", code="staff-unknown")

    def _commit(self, change: Change, actor: str, step: str, row: ErasureRow, more: Plan | None = None) -> None:
        said: Mapping[str, str | int] = {"step": step, "erasure": row.id, "basis": row.basis}
        at: datetime = self.carrying.clock()
        leaf = self.carrying.leaves.make(LeafKind.STAFF, at=at, actor=f"staff/{actor}", extra=said)
        commit(self.carrying.unit_of_work, Plan.of(change, leaf.row) + (more or Plan()))


def _reason(text: str) -> str:
    return reason_of(text, clause="UU 27/2022 Pasal 43")
