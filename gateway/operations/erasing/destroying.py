"""The one commit after which no key opens a person's data: what it changes, and what it leaves.

data keys    of the dossier and of the cases: empty (`WrappedKey.is_destroyed`), so that their scopes stay taken
dossier      found by nobody any more: the person may apply anew, under a new one
leaves       an `erased` leaf for each case, which says what it covers
case rows    the body blanked; what is left is the service, the stage and when
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.casework.leaves import Leaves
from gateway.operations.erased import Cause, covered_of_case, erased_leaf, erased_scope, says
from gateway.operations.erasing.journal import Entry
from gateway.operations.retention.holds import HOLDS
from gateway.store.plan import Add, Change, Claim, Delete, Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealing import BLANK_TEXT
from gateway.store.tables import CaseRow, CounterRow, DataKeyRow, DossierRow, ErasureRow

DESTROYED = "destroyed"
FROM_JOURNAL = "Dari jurnal penghapusan: salinan basis data yang lebih lama dipulihkan (from the journal)"
"""The reason of an erasure of which a restored store knows nothing."""


def destruction(reader: Reader, leaves: Leaves, entry: Entry, at: datetime) -> Plan | None:
    """The plan that does what an entry of the journal says; None where it is done.

    Guarded by the keys as they were read: who loses a race prepares again. A case that the entry does not name keeps
    its dossier's key: it was begun in a moment that the entry knows nothing of, and nobody ordered its end.
    """
    scopes = [f"case/{each}" for each in entry.cases]
    stored = reader.wrapped([entry.dossier, *scopes])
    alive = [scope for scope in scopes if stored.get(scope)]
    others = [each for each in reader.keys_under(entry.dossier) if each not in scopes]
    keys = [*alive, *([entry.dossier] if stored.get(entry.dossier) and not others else [])]
    known = reader.erasure(entry.id)
    if not keys and known is not None and known.destroyed_at is not None:
        return None
    changes: list[Change] = [
        Update(DataKeyRow, {"scope": each}, {"wrapped": stored[each]}, {"wrapped": b""}) for each in keys
    ]
    if not others:
        changes.append(Delete(DossierRow, {"scope": entry.dossier}))
    changes.append(_order(known, entry, at))
    changes.append(Add(CounterRow, {"name": HOLDS}, "value"))  # what retention was about to end is judged anew
    for scope in alive:
        changes += _told(reader, leaves, scope.removeprefix("case/"), entry.by[1], at).changes
    changes += _blanked(reader, entry.cases)
    return Plan(tuple(changes))


def completion(reader: Reader, leaves: Leaves, cases: Sequence[str], actor: str, at: datetime) -> Plan:
    """Leaves for those destroyed cases of which something came in while their keys were being destroyed.

    A message may have been committed between the reading of what is covered and the commit that ended its key. What
    the earlier leaf says is said again with it, by one that takes its place; none comes behind that.
    """
    plan = Plan()
    for case_id in cases:
        told = erased_scope(reader, f"case/{case_id}")
        if told is not None and says(told).get("digest") != covered_of_case(reader, case_id).told()["digest"]:
            plan += _told(reader, leaves, case_id, actor, at)
    return plan


def _told(reader: Reader, leaves: Leaves, case_id: str, actor: str, at: datetime) -> Plan:
    covered = covered_of_case(reader, case_id)
    return erased_leaf(leaves, Cause.REQUEST, f"case/{case_id}", at, covered=covered, actor=f"staff/{actor}").plan


def _order(known: ErasureRow | None, entry: Entry, at: datetime) -> Change:
    done = {"state": DESTROYED, "destroyed_at": at, "cases": len(entry.cases), "swept_at": None, "done_at": None}
    decided = {"decided_by": entry.by[1], "decided_at": datetime.fromisoformat(entry.at)}
    if known is not None:
        return Update(ErasureRow, {"id": entry.id}, {"state": known.state}, {**done, **decided})
    told = {"id": entry.id, "dossier": entry.dossier, "basis": entry.basis, "reason": FROM_JOURNAL}
    proposed = {"proposed_by": entry.by[0], "proposed_at": datetime.fromisoformat(entry.at)}
    return Claim(ErasureRow, ("id",), {**told, **proposed, **done, **decided})


def _blanked(reader: Reader, cases: Sequence[str]) -> list[Change]:
    values = {"body": BLANK_TEXT, "ended": True}  # in a copy from before, one may be under way
    rows = [row for each in cases if (row := reader.case(each)) is not None]
    return [Update(CaseRow, {"id": row.id}, {"version": row.version}, values) for row in rows]
