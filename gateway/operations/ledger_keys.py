"""The keys that signed the ledger's checkpoints, and when each began and ended (decision 0105).

A leaf is written whenever the hub begins to sign with another key or ends to sign with one. While two sign, every
checkpoint has a line of each: what one of them covers is covered by the other, this leaf too.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from gateway.casework.leaves import Leaves
from gateway.domain.errors import LedgerBroken, Misconfigured
from gateway.ledger.checkpoint import NoteVerifier, open_note, split_note
from gateway.ledger.leaf import LeafKind
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Claim, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import LedgerKeyRow
from gateway.store.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class KnownKey:
    """A key that judges this ledger's checkpoints. Times are those of the hub; None where they are not known."""

    verifier: str
    began_at: datetime | None
    ended_at: datetime | None


def record_ledger_keys(
    reader: Reader, unit_of_work: UnitOfWork, leaves: Leaves, signing: Sequence[NoteVerifier], at: datetime
) -> None:
    """Bring the rows to the keys that sign from now on; does nothing when they say so already."""
    named = {each.encode(): each for each in signing}

    def prepare() -> None:
        rows = {row.verifier: row for row in reader.ledger_keys()}
        changes: list[Change] = []
        for text, verifier in named.items():
            row = rows.get(text)
            if row is None:
                began = at if rows else _first_signed(reader, verifier) or at
                values = {"verifier": text, "began_at": began, "ended_at": None}
                changes.append(Claim(LedgerKeyRow, ("verifier",), values))
            elif row.ended_at is not None:
                changes.append(_becomes(row, None))
            else:
                continue
            if rows:  # of the very first key there is nothing to tell: it signs the first leaf
                changes.append(_told(leaves, "ledger-signs-with", verifier, at))
        for row in rows.values():
            if row.verifier not in named and row.ended_at is None:
                ended = NoteVerifier.parse(row.verifier)
                changes += [_becomes(row, at), _told(leaves, "ledger-signed-with", ended, at)]
        if changes:
            commit(unit_of_work, Plan(tuple(changes)))

    prepared_again(prepare)


def known_keys(reader: Reader, verifiers: Sequence[NoteVerifier]) -> list[KnownKey]:
    """The keys of the settings in their order, then any other that ever signed, with their times."""
    rows = {row.verifier: row for row in reader.ledger_keys()}
    found = []
    for text in dict.fromkeys((*(each.encode() for each in verifiers), *reversed(rows))):
        row = rows.get(text)
        found.append(KnownKey(text, row.began_at if row else None, row.ended_at if row else None))
    return found


def refuse_unknown_signer(reader: Reader, verifiers: Sequence[NoteVerifier]) -> None:
    """Raise Misconfigured where the last checkpoint has no line by any of these keys: the settings lack an earlier one.

    Whether a line is good is the integrator's to judge.
    """
    last = reader.last_checkpoint()
    if last is None:
        return
    try:
        _, lines = split_note(last.note)
    except LedgerBroken:
        return  # damage, and no matter of settings
    known = {(each.name, each.key_id) for each in verifiers}
    if not any((name, line[: len(verifiers[0].key_id)]) in known for name, line in lines):
        raise Misconfigured(
            "the last checkpoint of the ledger was signed by another key than SIMOJO_LEDGER_KEY_FILE: put that key "
            "back, or name it in SIMOJO_PREVIOUS_LEDGER_KEY_FILE or SIMOJO_EARLIER_LEDGER_KEYS (docs/ledger-verify.md)",
            code="ledger-key-unknown",
        )


def unnamed_permit_keys(
    reader: Reader, signing: Sequence[NoteVerifier], earlier: Sequence[NoteVerifier], named: int
) -> int:
    """Count the keys that signed the ledger before `signing`, and so permits, beyond the `named` ones of permits.

    Permits are signed by a key that is derived from the ledger's secret one: the public halves do not tell which is
    whose. `earlier` are those of the settings, since the store may have begun to keep keys later.
    """
    told = (NoteVerifier.parse(row.verifier) for row in reader.ledger_keys())
    before = {each.public_key for each in (*told, *earlier)} - {each.public_key for each in signing}
    return max(0, len(before) - named)


def _first_signed(reader: Reader, verifier: NoteVerifier) -> datetime | None:
    first = reader.first_checkpoint()
    if first is not None:
        with suppress(LedgerBroken):
            open_note(first.note, [verifier])
            return first.at
    return None


def _told(leaves: Leaves, step: str, verifier: NoteVerifier, at: datetime) -> Change:
    extra = {"step": step, "verifier": verifier.encode()}
    return leaves.make(LeafKind.KEY, at=at, actor="hub", extra=extra).row


def _becomes(row: LedgerKeyRow, ended_at: datetime | None) -> Change:
    return Update(LedgerKeyRow, {"verifier": row.verifier}, {"ended_at": row.ended_at}, {"ended_at": ended_at})
