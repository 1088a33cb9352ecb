"""What only the values of the person find: done behind the journal's line, while the keys still open.

    files      ended files of records since their first case: values are overwritten where they stand (`blanking`), also
               in records that did nothing and that no fact tells of. The file is noted first, for its digest is
               another from then on. Files that named a case lose their bytes later, whole (`sweeping`)
    reasons    of who looked at unmasked data of a case: one that says a value is blanked; the others stay

Done again it changes nothing: whoever dies in it begins anew, since the keys still open.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeAlias

from gateway.domain.case import PermitCase
from gateway.domain.errors import Refused
from gateway.operations.blanking import blank_values
from gateway.operations.erasing.obstacles import read_case
from gateway.store.plan import Outcome, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import BatchRow, RestrictedReadRow
from gateway.store.vault import Vault

TELLING = 4
"""Characters from which on a value of the person is looked for: shorter ones are in every text."""

PAGE = 100


Told: TypeAlias = Callable[[int, int], None]
"""Who hears how far it is: files done, and how many there are."""


def silent(_done: int, _total: int) -> None:
    """For whom nobody looks on."""


@dataclass(frozen=True)
class Known:
    """The values by which a person is known, as their cases have them, and when the first case began."""

    values: frozenset[str]
    since: datetime | None


def known_of(reader: Reader, cases: Sequence[str]) -> Known:
    """What the cases that can still be read know of their person."""
    rows = [row for each in cases if (row := reader.case(each)) is not None]
    stored = [case for row in rows if (case := read_case(row.body)) is not None]
    values = frozenset(value for case in stored for value in values_of(case))
    return Known(values, min((row.opened_at for row in rows), default=None))


def values_of(case: PermitCase) -> Iterator[str]:
    """The values of a case by which a person is known."""
    who = case.applicant
    named = (who.name, who.nik, who.email, who.address, who.company, who.npwp, who.nib, case.site.address)
    phone = str(who.phone).removeprefix("+")
    values = [*named, phone, phone.removeprefix("62"), case.skrd.payment_code if case.skrd else None]
    return (str(each) for each in values if each and len(str(each)) >= TELLING)


def says_any(text: str, values: Collection[str]) -> bool:
    """Whether a text says one of the values, however it is spaced and in capitals or not."""
    said = "".join(text.casefold().split())
    return any("".join(value.casefold().split()) in said for value in values)


def blank_known(
    reader: Reader,
    vault: Vault,
    note: Callable[[str, str], None],
    commit: Callable[[Plan], Outcome],
    cases: Sequence[str],
    told: Told = silent,
) -> None:
    """Blank what only the person's values find; nothing where their keys are gone already.

    `note` tells in the ledger that the bytes of a file are changed for a case; `told` hears how many files are done.
    """
    known = known_of(reader, cases)
    if not known.values or known.since is None:
        return
    for batch in _ended_since(reader, known.since, told):
        _blank_file(reader, vault, partial(_once_noted, note, commit, batch.id, cases[0]), batch, known)
    for case_id in cases:
        _blank_reasons(reader, commit, f"case/{case_id}", known)
        behind = ""
        while found := reader.exchanges_about(case_id, behind, PAGE):
            for exchange in found:
                _blank_reasons(reader, commit, f"exchange/{exchange}", known)
            behind = found[-1]


def _ended_since(reader: Reader, since: datetime, told: Told) -> Iterator[BatchRow]:
    """In pages, and telling how far it is: there may be thousands, each of which is read whole."""
    behind, done, total = "", 0, reader.count_files_ended_since(since)
    while rows := reader.files_ended_since(since, behind, PAGE):
        for row in rows:
            yield row
            done += 1
            told(done, max(done, total))
        behind = rows[-1].id


def _once_noted(
    note: Callable[[str, str], None], commit: Callable[[Plan], Outcome], batch: str, case_id: str, plan: Plan
) -> Outcome:
    note(batch, case_id)
    return commit(plan)


def _blank_file(reader: Reader, vault: Vault, noted: Callable[[Plan], Outcome], batch: BatchRow, known: Known) -> None:
    with suppress(Refused):  # the key of its day is no more, and nobody reads it
        blank_values(reader, vault, noted, batch, known.values)


def _blank_reasons(reader: Reader, commit: Callable[[Plan], Outcome], subject: str, known: Known) -> None:
    for row in reader.restricted_reads(limit=10_000, subject=subject):
        if says_any(row.reason, known.values):
            commit(Plan.of(Update(RestrictedReadRow, {"id": row.id}, {}, {"reason": "", "salt": b""})))
