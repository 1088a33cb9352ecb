"""Refusals of unproven senders become leaves: one for each finished minute, whatever was thrown at the hub in it.

    {"minute": "2026-01-05T03:04Z",          the minute, UTC
     "total": 12,                            refusals in it
     "addresses": 2,                         different addresses they came from
     "<pseudonym>:<code>": 9, ...}           how many of each code from each address

An address is personal data, so only its pseudonym is in the leaf. A minute in which more than MAX_ADDRESSES came keeps
those with most refusals apart; the rest are counted together under `others`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import groupby

from gateway.ledger.leaf import Extra, Leaf, LeafKind, pseudonym
from gateway.ledger.merkle import leaf_hash
from gateway.store.plan import Conflict, Delete, Insert, Plan
from gateway.store.reading import Reader
from gateway.store.tables import LeafRow, RefusalTallyRow
from gateway.store.unit_of_work import UnitOfWork

MAX_ADDRESSES = 100
OTHERS = "others"


class Refusals:
    """Makes the leaves. `key` is the secret key of the addresses' pseudonyms (16 bytes or more)."""

    def __init__(
        self,
        reader: Reader,
        unit_of_work: UnitOfWork,
        key: bytes,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._key = key
        self._clock = clock
        self._new_id = new_id

    def run_once(self) -> int:
        """Turn the tallies of all finished minutes into leaves, each minute in one plan; gives how many leaves.

        A minute whose tallies change meanwhile (a refusal that was committed late) stays for the next run. Raises
        HubBusy when the store cannot write now.
        """
        now = self._clock().astimezone(UTC)
        tallies = self._reader.refusal_tallies(now.replace(second=0, microsecond=0))
        made = 0
        for minute, group in groupby(tallies, key=lambda tally: tally.minute):
            same = list(group)
            leaf = self._leaf(minute, same, now)
            made += not isinstance(self._unit_of_work.commit(_plan(leaf, same)), Conflict)
        return made

    def _leaf(self, minute: datetime, tallies: Sequence[RefusalTallyRow], now: datetime) -> Leaf:
        by_address: Counter[str] = Counter()
        for tally in tallies:
            by_address[tally.address] += tally.count
        apart = {address: pseudonym(self._key, address) for address, _ in by_address.most_common(MAX_ADDRESSES)}
        counts: Counter[str] = Counter()
        for tally in tallies:
            counts[f"{apart.get(tally.address, OTHERS)}:{tally.code}"] += tally.count
        said: dict[str, Extra] = {
            "minute": minute.strftime("%Y-%m-%dT%H:%MZ"),
            "total": by_address.total(),
            "addresses": len(by_address),
        }
        return Leaf(id=self._new_id(), kind=LeafKind.REFUSED_UNKNOWN, at=now, extra=said | counts)


def _plan(leaf: Leaf, tallies: Sequence[RefusalTallyRow]) -> Plan:
    canonical = leaf.canonical()
    row = {"id": leaf.id, "exchange": None, "case_id": None, "canonical": canonical, "hash": leaf_hash(canonical)}
    return Plan((Insert(LeafRow, row), *(_spent(tally) for tally in tallies)))


def _spent(tally: RefusalTallyRow) -> Delete:
    key = {"minute": tally.minute, "address": tally.address, "code": tally.code}
    return Delete(RefusalTallyRow, key, expected={"count": tally.count})
