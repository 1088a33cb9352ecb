"""One damage on one copy of a store, and the account of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from gateway.domain.errors import GatewayError, LedgerBroken
from gateway.ledger.finding import explain
from gateway.ledger.held import Held
from gateway.ledger.verify import Standing
from gateway.operations.ledger_export import leaf_lines
from tests.drill.damages import KINDS, Kind, roll_back
from tests.drill.grounds import Copies, handed_out, verify


@dataclass(frozen=True)
class Outcome:
    """What became of a damage: whether it was found at all, whether it was named right, and what was said."""

    kind: Kind
    number: int
    found: bool
    named: bool
    said: str


def strike(copies: Copies, kind: Kind, number: int, seed: int) -> Outcome:
    """Damage a copy of the store and verify it. The same seed and number do the same.

    1. what somebody holds of the store of today, where the damage cannot be seen from inside
    2. a copy of today's store, or of an older day's, damaged
    3. without what is held such a copy is found whole: that is why somebody has to hold it
    4. verified: found, by one of the right codes, at the right place
    """
    chance = Random(f"{seed}/{number}/{kind.name}")  # noqa: S311 - chance that can be repeated
    # 1
    held: tuple[Held, ...] = ()
    if kind.holds:
        holds = chance.choice(kind.holds)
        with copies.opened(copies.today) as office:
            held = (handed_out(office, receipt_of=holds.receipt_of),)
    # 2
    url = chance.choice(copies.days[:-1]) if kind.damage is roll_back else copies.today
    with copies.opened(url) as office:
        expected = kind.damage(office, chance)
        # 3
        if kind.holds:
            verify(office)
        # 4
        standing = Standing()
        try:
            verify(office, held, standing)
        except LedgerBroken as error:
            size = standing.promised or office.reader.tree_size()
            finding = explain(leaf_lines(office.reader), error, proven=standing.proven, size=size)
            placed = expected.index is None or finding.first <= expected.index <= finding.last
            named = error.code in expected.codes and expected.word in error.text and placed
            return Outcome(kind, number, found=True, named=named, said=f"{error.code}: {error.text}")
        except GatewayError as error:
            return Outcome(kind, number, found=True, named=False, said=f"{error.code}: {error.text}")
    return Outcome(kind, number, found=False, named=False, said="found whole")


def strikes(copies: Copies, count: int, seed: int, kinds: tuple[Kind, ...] = KINDS) -> Iterator[Outcome]:
    """So many damages, of all kinds in turn."""
    for number in range(count):
        yield strike(copies, kinds[number % len(kinds)], number, seed)


def table(outcomes: Iterable[Outcome]) -> str:
    """Damages, those found and those named right, by kind."""
    all_of_them = list(outcomes)
    done, found, named = Counter[str](), Counter[str](), Counter[str]()
    for each in all_of_them:
        done[each.kind.name] += 1
        found[each.kind.name] += each.found
        named[each.kind.name] += each.named
    rows = [f"| {name} | {done[name]} | {found[name]} | {named[name]} |" for name in done]
    whole = f"| all | {done.total()} | {found.total()} | {named.total()} |"
    return "\n".join(["| damage | done | found | named right |", "|---|---|---|---|", *rows, whole])
