"""Witnesses of the ledger as staff keep them: proposed by one person, approved by another, removed. Each is a leaf.

An agency, or the office's second site, registers the verifier key of its witness program (Pasal 22(4): who holds a
co-signed checkpoint needs no trust in the office's database).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.casework.leaves import Leaves
from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import LedgerBroken, Refused
from gateway.ledger.cosignature import WitnessVerifier
from gateway.ledger.leaf import LeafKind
from gateway.operations.endpoint_url import check_endpoint
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Claim, Plan, Update
from gateway.store.reading import Reader
from gateway.store.reads.witnesses import ACTIVE
from gateway.store.tables import WitnessRow
from gateway.store.unit_of_work import UnitOfWork

PROPOSED, REMOVED = "proposed", "removed"
INTERVAL_S = 300
"""Seconds within which a witness is to be heard of, unless agreed otherwise."""

SHORTEST_S, LONGEST_S = 30, 7 * 86_400


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A witness as it is proposed: its verifier key, and what `WitnessRow` says of the rest."""

    verifier: str
    url: str | None = None
    agency: str | None = None
    interval_s: int = INTERVAL_S


class WitnessDeeds:
    """Deeds of staff with witnesses. `actor` names a member of staff by their id (`rina`)."""

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

    def propose(self, proposal: Proposal, actor: str) -> str:
        """Propose a witness; gives its name. Proposing the same again changes nothing.

        Raises Refused `verifier-key`, `endpoint-invalid`, `agency-unknown`, `witness-interval`, `witness-exists`,
        `staff-unknown`.
        """
        verifier = _verifier(proposal.verifier)
        if proposal.url is not None:
            check_endpoint(proposal.url, production=self._production)
        if not SHORTEST_S <= proposal.interval_s <= LONGEST_S:
            raise Refused(
                f"a witness is to be heard of every {SHORTEST_S} to {LONGEST_S} seconds, not {proposal.interval_s}",
                code="witness-interval",
            )
        if proposal.agency is not None and self._reader.agency(proposal.agency) is None:
            raise Refused(f"no agency {proposal.agency[:64]!r} is known", code="agency-unknown")

        def prepare() -> str:
            who = self._staff(actor)
            terms = {
                "verifier": proposal.verifier,
                "url": proposal.url,
                "agency": proposal.agency,
                "interval_s": proposal.interval_s,
            }
            if self._is_proposed(verifier, terms):
                return verifier.name
            row: dict[str, object] = {"name": verifier.name, **terms, "state": PROPOSED}
            row |= {"proposed_by": who, "proposed_at": self._clock(), "size": 0, "failures": 0}
            said = {"step": "proposed", "witness": verifier.name, "key": verifier.key_id.hex()}
            self._commit([Claim(WitnessRow, ("name",), row)], actor, said)
            return verifier.name

        return prepared_again(prepare)

    def approve(self, name: str, actor: str) -> None:
        """Take a proposed witness: from now on it is asked, and missed when it is not heard of.

        Raises Refused `witness-unknown`, `witness-state`, `second-person-needed`, `staff-unknown`.
        """

        def prepare() -> None:
            who, row = self._staff(actor), self._kept(name)
            if row.state != PROPOSED:
                raise Refused(
                    f"witness {row.name} is {row.state}: only a proposed one is approved", code="witness-state"
                )
            if who == row.proposed_by:
                raise Refused(
                    f"{who} proposed witness {row.name} and cannot approve it: another member of staff does",
                    code="second-person-needed",
                )
            values = {"state": ACTIVE, "approved_by": who, "approved_at": self._clock()}
            self._commit([_becomes(row, values)], actor, {"step": "approved", "witness": row.name})

        prepared_again(prepare)

    def remove(self, name: str, actor: str) -> None:
        """Ask a witness no more; its lines are no longer served, and its name and key come back no more.

        Raises Refused `witness-unknown`, `witness-state`, `staff-unknown`.
        """

        def prepare() -> None:
            self._staff(actor)
            row = self._kept(name)
            if row.state == REMOVED:
                raise Refused(f"witness {row.name} was removed already", code="witness-state")
            self._commit([_becomes(row, {"state": REMOVED})], actor, {"step": "removed", "witness": row.name})

        prepared_again(prepare)

    # --- within ---------------------------------------------------------------------------------------------------

    def _is_proposed(self, verifier: WitnessVerifier, terms: Mapping[str, object]) -> bool:
        """Whether that very proposal is there. Raises Refused `witness-exists` for another of its name or key."""
        for row in self._reader.witnesses():
            if (
                row.name == verifier.name
                and row.state == PROPOSED
                and all(getattr(row, member) == value for member, value in terms.items())
            ):
                return True
            if row.name == verifier.name or _verifier(row.verifier).public_key == verifier.public_key:
                raise Refused(
                    f"witness {row.name} ({row.state}) has this name or key: a new key gets a new name, such as "
                    f"{row.name}-2, and the old one is removed",
                    code="witness-exists",
                )
        return False

    def _staff(self, actor: str) -> str:
        if self._reader.staff(actor) is None:
            raise Refused(f"no staff {actor[:64]!r} is known: see `simojo staff list`", code="staff-unknown")
        return actor

    def _kept(self, name: str) -> WitnessRow:
        row = self._reader.witness(name)
        if row is None:
            raise Refused(f"no witness {name[:64]!r} is known: see `simojo witness list`", code="witness-unknown")
        return row

    def _commit(self, changes: Sequence[Change], actor: str, said: Mapping[str, str | int]) -> None:
        leaf = self._leaves.make(LeafKind.WITNESS, at=self._clock(), actor=f"staff/{actor}", extra=said)
        commit(self._unit_of_work, Plan((*changes, leaf.row)))


def silent_since(row: WitnessRow, now: datetime) -> datetime | None:
    """Since when an active witness was not heard of, where that is longer than agreed; else None."""
    last = row.seen_at or row.approved_at or row.proposed_at
    overdue = row.state == ACTIVE and now - last > timedelta(seconds=row.interval_s)
    return last if overdue else None


def witness_warnings(reader: Reader, now: datetime) -> tuple[str, ...]:
    """What staff should know of witnesses: who refuses, and who is not heard of, a sentence each."""
    return tuple(sentence for row in reader.witnesses() if row.state == ACTIVE for sentence in _sentences(row, now))


def _sentences(row: WitnessRow, now: datetime) -> Iterator[str]:
    if row.refusal is not None:
        yield (
            f"witness {row.name} refuses to co-sign: {row.refusal}. Keep the database as it is, and compare with the "
            "evidence that the witness keeps, before anything else"
        )
    since = silent_since(row, now)
    if since is not None:
        why = f" ({row.trouble})" if row.trouble else ""
        yield (
            f"witness {row.name} has co-signed nothing since {since.astimezone(JAKARTA):%Y-%m-%d %H:%M} WIB, "
            f"{row.interval_s} s are agreed{why}: call whoever runs it"
        )


def _verifier(text: str) -> WitnessVerifier:
    try:
        return WitnessVerifier.parse(text)
    except LedgerBroken as fault:
        raise Refused(fault.violations[0].text, code="verifier-key") from None


def _becomes(row: WitnessRow, values: Mapping[str, object]) -> Change:
    return Update(WitnessRow, {"name": row.name}, {"state": row.state}, dict(values))
