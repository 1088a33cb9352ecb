"""Parts that are missing are erased where a leaf says so of their scope, and damage everywhere else (Pasal 22(4))."""

from __future__ import annotations

import json
from collections.abc import Collection
from hashlib import sha256

import pytest

from gateway.domain.errors import LedgerBroken
from gateway.ledger.checkpoint import Checkpoint, sign
from gateway.ledger.export import checkpoint_line, erased_line, header_line, leaf_line
from gateway.ledger.leaf import Leaf, LeafKind, commitment, part_salt
from gateway.ledger.merkle import leaf_hash, root
from gateway.ledger.verify import Verdict, verify_export
from tests.ledger.exports import CASE_KEY, KEY, NOW, ORIGIN, TRUSTED

SCOPE = "case/K-1"
GONE = Leaf(id="lf-2", kind=LeafKind.ERASED, at=NOW, extra={"cause": "request", "scope": SCOPE})


def spoken(number: int, exchange: str, *parts: str) -> Leaf:
    opaque = {
        part: commitment(part_salt(CASE_KEY, exchange, part), sha256(part.encode()).digest()).hex() for part in parts
    }
    return Leaf(id=f"lf-{number}", kind=LeafKind.ACCEPTED, at=NOW, exchange=exchange, commitments=opaque)


MESSAGE, FACT = spoken(0, "ex-0", "request", "answer-body"), spoken(1, "K-1", "fact-1")


def verified(excuses: dict[int, tuple[str, int | None]], *leaves: Leaf, waiting: Collection[str] = ()) -> Verdict:
    """Verify an export of these leaves without any part; `excuses` are the lines behind them."""
    lines = [header_line(origin=ORIGIN, verifiers=[KEY.verifier], size=len(leaves), complete=True)]
    hashes = []
    for index, each in enumerate(leaves):
        hashes.append(leaf_hash(each.canonical()))
        lines.append(leaf_line(index, each.canonical(), hashes[-1]))
        if index in excuses:
            scope, by = excuses[index]
            lines.append(erased_line(scope=scope, leaf=by))
    lines.append(checkpoint_line(sign(Checkpoint(ORIGIN, len(hashes), root(hashes)), KEY)))
    return verify_export(lines, TRUSTED, waiting=waiting)


def test_missing_parts_are_erased_where_a_later_or_an_earlier_leaf_says_so() -> None:
    after = verified({0: (SCOPE, 2), 1: (SCOPE, 2)}, MESSAGE, FACT, GONE)
    assert (after.parts_erased, after.parts_checked, after.parts_complete) == (3, 0, True)
    assert verified({1: (SCOPE, 0)}, GONE, MESSAGE).parts_erased == 2


def test_a_leaf_that_has_no_place_yet_counts_for_whoever_has_it() -> None:
    excuses: dict[int, tuple[str, int | None]] = {0: (SCOPE, None)}
    assert verified(excuses, MESSAGE, waiting=[SCOPE]).parts_erased == 2
    with pytest.raises(LedgerBroken, match="export again"):
        verified(excuses, MESSAGE)


@pytest.mark.parametrize(
    "excuses",
    [
        {},  # nothing is said
        {0: (SCOPE, 2)},  # of one of the two alone
        {0: (SCOPE, 1), 1: (SCOPE, 2)},  # a leaf of another kind
        {0: (SCOPE, 7), 1: (SCOPE, 2)},  # no leaf at all
        {0: ("case/K-2", 2), 1: (SCOPE, 2)},  # a leaf of another case
        {0: (SCOPE, 2), 1: ("day/2026-01-05", 2)},  # a fact names its case
    ],
)
def test_whatever_no_leaf_says_to_be_erased_is_missing(excuses: dict[int, tuple[str, int | None]]) -> None:
    with pytest.raises(LedgerBroken) as caught:
        verified(excuses, MESSAGE, FACT, GONE)
    assert caught.value.code == "part-missing"


@pytest.mark.parametrize("line", ['{"erased":{"scope":"case/K-1"}}', '{"erased":{"scope":"case/K-1","leaf":-1}}'])
def test_an_excuse_of_another_form_or_without_its_leaf_is_refused(line: str) -> None:
    head = header_line(origin=ORIGIN, verifiers=[KEY.verifier], size=1, complete=True)
    for each in (line, json.dumps(json.loads(erased_line(scope=SCOPE, leaf=0)))):
        with pytest.raises(LedgerBroken) as caught:
            verify_export([head, each], TRUSTED)
        assert caught.value.code == "export-malformed"
