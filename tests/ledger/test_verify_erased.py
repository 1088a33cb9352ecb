"""Parts that are missing are erased where a leaf says so of their scope, and damage everywhere else (Pasal 22(4))."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from gateway.domain.errors import LedgerBroken
from gateway.ledger.checkpoint import Checkpoint, sign
from gateway.ledger.covered import Claims, Covered
from gateway.ledger.export import checkpoint_line, erased_line, header_line, leaf_line
from gateway.ledger.leaf import Leaf, LeafKind, commitment, part_salt
from gateway.ledger.merkle import leaf_hash, root
from gateway.ledger.verify import Verdict, verify_export
from tests.ledger.exports import CASE_KEY, KEY, NOW, ORIGIN, TRUSTED

SCOPE = "case/K-1"


def spoken(number: int, exchange: str, *parts: str) -> Leaf:
    opaque = {
        part: commitment(part_salt(CASE_KEY, exchange, part), sha256(part.encode()).digest()).hex() for part in parts
    }
    return Leaf(id=f"lf-{number}", kind=LeafKind.ACCEPTED, at=NOW, exchange=exchange, commitments=opaque)


MESSAGE, FACT = spoken(0, "ex-0", "request", "answer-body"), spoken(1, "K-1", "fact-1")
OTHER = spoken(3, "ex-1", "request")


def gone(*leaves: Leaf, name: str = "lf-2", scope: str = SCOPE) -> Leaf:
    """The leaf that says that these lost what they commit to."""
    covered = Covered()
    for each in leaves:
        covered.add(leaf_hash(each.canonical()))
    said: dict[str, str | int] = {"cause": "request", "scope": scope, **covered.told()}
    return Leaf(id=name, kind=LeafKind.ERASED, at=NOW, extra=said)


GONE = gone(MESSAGE, FACT)


def verified(excuses: dict[int, tuple[str, str]], *leaves: Leaf, claims: Claims | None = None) -> Verdict:
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
    return verify_export(lines, TRUSTED, claims=claims)


def refused(excuses: dict[int, tuple[str, str]], *leaves: Leaf) -> str:
    with pytest.raises(LedgerBroken) as caught:
        verified(excuses, *leaves)
    assert caught.value.code == "part-missing"
    return caught.value.text


def test_missing_parts_are_erased_where_a_later_leaf_counts_them_in_whichever_order() -> None:
    after = verified({0: (SCOPE, "lf-2"), 1: (SCOPE, "lf-2")}, MESSAGE, FACT, GONE)
    assert (after.parts_erased, after.parts_checked, after.parts_complete) == (3, 0, True)
    assert verified({0: (SCOPE, "lf-2"), 1: (SCOPE, "lf-2")}, FACT, MESSAGE, GONE).parts_erased == 3


def test_a_leaf_that_has_no_place_yet_counts_for_whoever_has_it() -> None:
    excuses = {0: (SCOPE, "lf-2")}
    claims = Claims()
    assert verified(excuses, MESSAGE, claims=claims).parts_erased == 2
    assert claims.judge(gone(MESSAGE), "leaf") is None
    claims.finish()
    assert "export again" in refused(excuses, MESSAGE)


def test_a_leaf_that_was_followed_by_one_that_says_more_excuses_nothing_and_is_no_damage() -> None:
    first, second = gone(MESSAGE), gone(MESSAGE, FACT, name="lf-4")
    assert verified({0: (SCOPE, "lf-4"), 1: (SCOPE, "lf-4")}, MESSAGE, FACT, first, second).parts_erased == 3


@pytest.mark.parametrize(
    "excuses",
    [
        {},  # nothing is said
        {0: (SCOPE, "lf-2")},  # of one of the two alone
        {0: (SCOPE, "lf-1"), 1: (SCOPE, "lf-2")},  # a leaf of another kind
        {0: (SCOPE, "lf-7"), 1: (SCOPE, "lf-2")},  # no leaf at all
        {0: ("case/K-2", "lf-2"), 1: (SCOPE, "lf-2")},  # a leaf of another case
        {0: (SCOPE, "lf-2"), 1: ("day/2026-01-05", "lf-2")},  # a fact names its case
    ],
)
def test_whatever_no_leaf_says_to_be_erased_is_missing(excuses: dict[int, tuple[str, str]]) -> None:
    refused(excuses, MESSAGE, FACT, GONE)


def test_a_message_that_is_passed_off_as_one_of_an_erased_case_is_missing() -> None:
    """UU 27/2022 excuses what the leaf counted: not one more, not another one instead, and none from after it."""
    with_it = {0: (SCOPE, "lf-2"), 1: (SCOPE, "lf-2"), 2: (SCOPE, "lf-2")}
    assert "3 of case/K-1" in refused(with_it, MESSAGE, OTHER, FACT, GONE)
    assert "2 leaves of case/K-1" in refused({0: (SCOPE, "lf-2"), 1: (SCOPE, "lf-2")}, OTHER, FACT, GONE)
    assert "'ex-1', leaf 3" in refused({**with_it, 3: (SCOPE, "lf-2")}, MESSAGE, FACT, GONE, OTHER)


def test_a_leaf_that_does_not_say_what_it_covers_excuses_nothing() -> None:
    bare = Leaf(id="lf-2", kind=LeafKind.ERASED, at=NOW, extra={"cause": "request", "scope": SCOPE})
    refused({0: (SCOPE, "lf-2")}, MESSAGE, bare)


@pytest.mark.parametrize("line", ['{"erased":{"scope":"case/K-1"}}', '{"erased":{"scope":"case/K-1","leaf":1}}'])
def test_an_excuse_of_another_form_or_without_its_leaf_is_refused(line: str) -> None:
    head = header_line(origin=ORIGIN, verifiers=[KEY.verifier], size=1, complete=True)
    for each in (line, json.dumps(json.loads(erased_line(scope=SCOPE, leaf="lf-2")))):
        with pytest.raises(LedgerBroken) as caught:
            verify_export([head, each], TRUSTED)
        assert caught.value.code == "export-malformed"
