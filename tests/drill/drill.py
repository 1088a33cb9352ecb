"""One damage on one copy of a store, and the account of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.drill import bodies, damages, histories
from tests.drill.door import DAMAGED, WHOLE, verify
from tests.drill.grounds import Copies, handed_out
from tests.drill.kinds import Holder, Kind
from tests.drill.watching import Watching

KINDS = (*damages.KINDS, *bodies.KINDS, *histories.KINDS)

RECEIPT_OF = {Holder.CHECKPOINT: None, Holder.EARLY_RECEIPT: "ex-2-1-a", Holder.LATE_RECEIPT: "ex-4-0-b"}


@dataclass(frozen=True)
class Outcome:
    """What became of a damage: whether it was found at all, whether it was named right, and what was said.

    `holder` is who held something of the store, `refused` as what a witness refused it.
    """

    kind: Kind
    number: int
    found: bool
    named: bool
    said: str
    holder: Holder | None = None
    refused: str = ""


def strike(copies: Copies, kind: Kind, number: int, seed: int, holder: Holder | None = None) -> Outcome:
    """Damage a copy of the store and verify it. The same seed and number do the same; chance names the holder.

    1. what somebody holds of the store of today, where the damage cannot be seen from inside
    2. a copy of today's store, or of an older day's, damaged
    3. without what is held such a copy is found whole: that is why somebody has to hold it
    4. a witness that has co-signed refuses it, and keeps the evidence
    5. verified, against what is held: found, by one of the right codes, at the right place
    """
    chance = Random(f"{seed}/{number}/{kind.name}")  # noqa: S311 - chance that can be repeated
    with TemporaryDirectory(prefix="simojo-drill-") as made:
        home = Path(made)
        # 1
        held, watching = [], None
        if kind.is_silent:
            holder = holder or chance.choice(list(Holder))
            with copies.opened(copies.today) as office:
                if holder is Holder.WITNESS:
                    watching = Watching(home, office)
                    held = [watching.checkpoint]
                else:
                    held = [home / "held"]
                    held[0].write_bytes(handed_out(office, receipt_of=RECEIPT_OF[holder]))
        # 2
        url = chance.choice(copies.days[:-1]) if kind.of_an_older_day else copies.today
        with copies.opened(url) as office:
            expected = kind.damage(office, chance)
            # 3
            if kind.is_silent and (unheld := verify(office.engine, home)).exit != WHOLE:
                return Outcome(kind, number, found=True, named=False, said=unheld.out, holder=holder)
            # 4
            refused = watching.refuses(office) if watching else ""
            if watching and not refused:
                return Outcome(kind, number, found=False, named=False, said="the witness co-signed it", holder=holder)
            # 5
            said = verify(office.engine, home, held)
    text, code = said.damage
    placed = not expected.leaves or bool(set(expected.leaves) & set(said.leaves))
    named = code in expected.codes and expected.word in text and placed
    return Outcome(kind, number, said.exit == DAMAGED, named, said.out, holder, refused)


def strikes(copies: Copies, count: int, seed: int, kinds: tuple[Kind, ...] = KINDS) -> Iterator[Outcome]:
    """So many damages, of all kinds in turn."""
    for number in range(count):
        yield strike(copies, kinds[number % len(kinds)], number, seed)


def table(outcomes: Iterable[Outcome]) -> str:
    """Damages, those found and those named right, by kind; and who held what, of those that nothing inside tells."""
    all_of_them = list(outcomes)
    done, found, named = Counter[str](), Counter[str](), Counter[str]()
    for each in all_of_them:
        done[each.kind.name] += 1
        found[each.kind.name] += each.found
        named[each.kind.name] += each.named
    rows = [f"| {name} | {done[name]} | {found[name]} | {named[name]} |" for name in done]
    whole = f"| all | {done.total()} | {found.total()} | {named.total()} |"
    lines = ["| damage | done | found | named right |", "|---|---|---|---|", *rows, whole]
    return "\n".join([*lines, "", _holders(all_of_them)])


def _holders(outcomes: list[Outcome]) -> str:
    silent = [each for each in outcomes if each.holder is not None]
    held = Counter(each.holder.value for each in silent if each.holder is not None)
    refused = Counter(each.refused for each in silent if each.refused)
    holders = ", ".join(f"{times} by {holder}" for holder, times in sorted(held.items()))
    kinds = ", ".join(f"{times} as a {kind}" for kind, times in sorted(refused.items()))
    return (
        f"Each of the {len(silent)} rollbacks and rewrites was found whole at first, and then told: {holders}.\n"
        f"The witness had co-signed every checkpoint before, and refused each such store: {kinds}."
    )
