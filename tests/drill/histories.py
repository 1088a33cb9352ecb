"""Stores that agree with themselves: an older copy, and a history written anew with the office's own key.

Nothing in such a store tells. It is found by what somebody holds of the store as it was.
"""

from __future__ import annotations

from random import Random

from gateway.ledger.damage import Damage
from tests.drill import rewriting
from tests.drill.grounds import DAY, DAYS, GONE, KEPT_NO_MORE, DrillOffice
from tests.drill.kinds import Kind, Named, named


def roll_back(_office: DrillOffice, _chance: Random) -> Named:
    """Nothing more: the office at hand is an older copy."""
    return named("end of the ledger", Damage.ROLLED_BACK)


def roll_back_and_go_on(office: DrillOffice, chance: Random) -> Named:
    """An older copy, in which the office has worked on: by now it has more leaves than were lost."""
    lost = office.reader.tree_size()
    _go_on(office, DAYS * DAY - lost + chance.randrange(1, 9))
    return named("proves for a ledger", Damage.REWRITTEN, index=lost, until=DAYS * DAY)


def rewrite(office: DrillOffice, chance: Random) -> Named:
    """A leaf, and everything signed over it, with the real key. Not one whose hash an `erased` leaf has counted in."""
    half = office.reader.leaves(0, office.reader.tree_size() // 2)
    index = chance.choice([at for at, row in enumerate(half) if row.case_id != GONE and row.exchange != KEPT_NO_MORE])
    rewriting.change_leaf(office, index)
    return named("proves for a ledger", Damage.REWRITTEN, index=index)


def rewrite_and_go_on(office: DrillOffice, chance: Random) -> Named:
    """The same, and the office has worked on since."""
    told = rewrite(office, chance)
    _go_on(office, chance.randrange(1, 9))
    return told


def rewrite_without(office: DrillOffice, chance: Random) -> Named:
    """A history without a leaf that was there: what commits to nothing leaves no hole."""
    plain = [
        index
        for index in range(DAY)
        if b'"commitments":{}' in bytes(office.value(f"SELECT canonical FROM leaf WHERE tree_index = {index}"))  # noqa: S608 - a number
    ]
    rewriting.drop_leaf(office, chance.choice(plain))
    return named("proves", Damage.REWRITTEN, Damage.ROLLED_BACK)


def _go_on(office: DrillOffice, leaves: int) -> None:
    office.deeds(leaves)
    while office.integrator().run_once():
        pass


KINDS = (
    Kind("roll back to an older copy", roll_back, is_silent=True, of_an_older_day=True),
    Kind("roll back, and go on beyond it", roll_back_and_go_on, is_silent=True, of_an_older_day=True),
    Kind("rewrite with the real key", rewrite, is_silent=True),
    Kind("rewrite with the real key, and go on", rewrite_and_go_on, is_silent=True),
    Kind("rewrite without a leaf", rewrite_without, is_silent=True),
)
