"""Agreements in the store: imported as drafts, put into force beside each other, ended. Each deed is a leaf.

Activation here is the development-only kind: without a conformance run and without a second person. It is refused in
production mode (Pasal 21(2); the full life cycle of an agreement builds on it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from gateway.casework.leaves import Leaves
from gateway.contract.adapter import Adapter
from gateway.contract.agreement import Agreement, agreement_hash, canonical_bytes, from_canonical
from gateway.domain.calendar import local_date
from gateway.domain.errors import Refused
from gateway.ledger.leaf import LeafKind
from gateway.operations.cut_over import check_begins_in_turn, check_covers, check_no_day_without
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Claim, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import AgencyRow, AgreementRow
from gateway.store.unit_of_work import UnitOfWork

DRAFT, ACTIVE, ENDED = "draft", "active", "ended"
DEVELOPMENT = "development"


class AgreementDeeds:
    """Deeds of integration staff with agreements. `actor` names who does them (`staff/siti`)."""

    def __init__(
        self,
        *,
        reader: Reader,
        unit_of_work: UnitOfWork,
        leaves: Leaves,
        clock: Callable[[], datetime],
        production: bool,
    ) -> None:
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._leaves = leaves
        self._clock = clock
        self._production = production

    def import_agreement(self, agreement: Agreement, adapter: Adapter, actor: str) -> str:
        """Keep an agreement file as a draft; gives its hash. From then on the stored row is the truth.

        Raises Refused `agreement-exists` when that version is there with other content.
        """
        found = agreement_hash(agreement)

        def prepare() -> str:
            row = self._reader.agreement(agreement.id, agreement.version)
            if row is not None:
                if row.hash != found:
                    raise Refused(
                        f"agreement {agreement.id} {agreement.version} is kept with other content: a version is "
                        "immutable, give the change a new version",
                        code="agreement-exists",
                        clause="Pasal 21(2)",
                    )
                return found
            values = {
                "id": agreement.id,
                "version": agreement.version,
                "agency": agreement.agency,
                "state": DRAFT,
                "hash": found,
                "body": canonical_bytes(agreement).decode(),
            }
            changes: list[Change] = [Claim(AgreementRow, ("id", "version"), values), *self._agency(adapter)]
            said = {"step": "imported", "hash": found}
            self._commit(changes, LeafKind.AGREEMENT, actor, said, f"{agreement.id}/{agreement.version}")
            return found

        return prepared_again(prepare)

    def activate_for_development(
        self, agreement_id: str, version: str, actor: str, *, leave_gap: bool = False
    ) -> Agreement:
        """Activate a version without conformance run and second person, beside those that are active; gives it.

        It is in force from its first day on, the cut-over from the version before. `leave_gap`: days between two
        versions without an agreement are meant. Raises Refused `activation-refused` in production, `agreement-unknown`,
        `agreement-ended`, `cut-over-unclear` or `agreement-gap`.
        """
        if self._production:
            raise Refused(
                "development activation is refused in production mode: an agreement needs a passing conformance run "
                "and a second person",
                code="activation-refused",
                clause="Pasal 21(2)",
            )

        def prepare() -> Agreement:
            row = self._kept(agreement_id, version)
            agreement = from_canonical(row.body)
            if row.state == ACTIVE:
                return agreement
            if row.state == ENDED:
                raise Refused(
                    f"agreement {row.id} {row.version} was ended and begins no more: give its successor a new version",
                    code="agreement-ended",
                    clause="Pasal 21(2)",
                )
            others = self._others(row)
            active = [from_canonical(each.body) for each in others if each.state == ACTIVE]
            check_begins_in_turn(agreement, active)
            if not leave_gap:
                check_no_day_without([agreement, *active], local_date(self._clock()))
            values = {"state": ACTIVE, "activated_at": self._clock(), "activated_as": DEVELOPMENT}
            changes = [_becomes(row, values), *(_becomes(each, {}) for each in others)]
            said = {"step": "activated", "as": DEVELOPMENT, "hash": row.hash}
            self._commit(changes, LeafKind.AGREEMENT, actor, said, f"{row.id}/{row.version}")
            return agreement

        return prepared_again(prepare)

    def end_agreement(self, agreement_id: str, version: str, actor: str, *, leave_gap: bool = False) -> None:
        """End an active version: nothing begins under it any more, and what began is concluded under its terms.

        Before its cut-over the version before goes on as if it had never been there; after it, that one is in force
        again from now on. `leave_gap`: it is meant that none is. Raises Refused `agreement-unknown`,
        `agreement-not-active` or `agreement-gap`.
        """

        def prepare() -> None:
            row = self._kept(agreement_id, version)
            if row.state == ENDED:
                return
            if row.state != ACTIVE:
                raise Refused(
                    f"agreement {row.id} {row.version} is {row.state}: only an active version is ended",
                    code="agreement-not-active",
                )
            others = self._others(row)
            left = [from_canonical(each.body) for each in others if each.state == ACTIVE]
            if not leave_gap:
                check_covers(from_canonical(row.body), left, local_date(self._clock()))
            changes = [_becomes(row, {"state": ENDED}), *(_becomes(each, {}) for each in others)]
            said = {"step": "ended", "hash": row.hash}
            self._commit(changes, LeafKind.AGREEMENT, actor, said, f"{row.id}/{row.version}")

        prepared_again(prepare)

    # --- within ---------------------------------------------------------------------------------------------------

    def _kept(self, agreement: str, version: str) -> AgreementRow:
        row = self._reader.agreement(agreement, version)
        if row is None:
            raise Refused(f"no agreement {agreement} {version} is kept: import it", code="agreement-unknown")
        return row

    def _others(self, row: AgreementRow) -> Sequence[AgreementRow]:
        """The other versions of an agreement: what is decided beside them stands on their states."""
        rows = self._reader.agreements(agency=row.agency)
        return [each for each in rows if each.id == row.id and each.version != row.version]

    def _agency(self, adapter: Adapter) -> list[Change]:
        agency = adapter.agency
        if self._reader.agency(agency.id) is not None:
            return []
        values = {"id": agency.id, "name": agency.name, "kind": agency.kind.value}
        return [Claim(AgencyRow, ("id",), values)]

    def _commit(
        self, changes: Sequence[Change], kind: LeafKind, actor: str, said: Mapping[str, str | int], agreement: str = ""
    ) -> None:
        leaf = self._leaves.make(kind, at=self._clock(), actor=actor, agreement=agreement, extra=said)
        commit(self._unit_of_work, Plan((*changes, leaf.row)))


def _becomes(row: AgreementRow, values: Mapping[str, object]) -> Change:
    """A version as it was read becomes this; with no values, it is only held to stand as it was read."""
    return Update(AgreementRow, {"id": row.id, "version": row.version}, {"state": row.state}, dict(values))
