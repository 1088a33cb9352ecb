"""The walk over an exported ledger: a whole one passes, and each damaged leaf is named where it is."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ledger.checkpoint import Checkpoint, cosign, sign
from gateway.ledger.export import checkpoint_line, header_line, leaf_line
from gateway.ledger.merkle import leaf_hash, root
from gateway.ledger.verify import Verdict, verify_export
from tests.ledger.exports import (
    KEY,
    NEXT_KEY,
    ORIGIN,
    TRUSTED,
    WITNESS,
    at,
    changed_text,
    damage,
    export,
    leaf,
    rehash,
    verify,
)

# --- whole exports -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deep", [True, False])
def test_a_whole_ledger_is_found_whole_pasal_22(*, deep: bool) -> None:
    verdict = verify(export(), deep=deep)
    assert verdict == Verdict(
        origin=ORIGIN,
        size=20,
        root=root([leaf_hash(leaf(number).canonical()) for number in range(20)]),
        checkpoints=3,
        parts_checked=20,
        parts_complete=True,
        trusted=True,
    )


def test_an_export_without_parts_or_stored_hashes_proves_the_leaves() -> None:
    lines = export(parts=False)
    for line in lines:
        line.pop("h", None)
    verdict = verify(lines)
    assert (verdict.size, verdict.parts_checked, verdict.parts_complete) == (20, 0, False)


def test_an_empty_ledger_is_whole() -> None:
    assert verify(export([])).size == 0
    assert verify(export([0])).checkpoints == 1


def test_checkpoints_by_both_keys_of_a_roll_over_are_good() -> None:
    lines = export(keys=(KEY, NEXT_KEY, NEXT_KEY))
    texts = [json.dumps(line) for line in lines]
    assert verify_export(texts, [TRUSTED, NEXT_KEY.verifier.encode()]).checkpoints == 3
    assert damage(lines).code == "checkpoint-signature"


def test_an_export_judged_by_its_own_header_is_not_called_trusted() -> None:
    assert not verify(export(), None).trusted


def test_the_signature_of_a_witness_beside_the_ledgers_own_is_no_damage() -> None:
    lines = export()
    lines[-1]["checkpoint"] = cosign(lines[-1]["checkpoint"], WITNESS)
    assert verify(lines).checkpoints == 3


def test_progress_is_told_every_10000_leaves() -> None:
    hashes = [leaf_hash(b"x")] * 20_001
    note = sign(Checkpoint(ORIGIN, len(hashes), root(hashes)), KEY)
    lines = [header_line(origin=ORIGIN, verifiers=[KEY.verifier], size=len(hashes), complete=False)]
    lines += [leaf_line(index, b"x", each) for index, each in enumerate(hashes)]
    told: list[int] = []
    verify_export([*lines, checkpoint_line(note)], TRUSTED, told.append, deep=False)
    assert told == [10_000, 20_000]


# --- leaves --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deep", [True, False])
@pytest.mark.parametrize("index", range(20))
def test_a_changed_leaf_is_named(index: int, *, deep: bool) -> None:
    lines = export()
    at(lines, index)["leaf"] = changed_text(at(lines, index))
    error = damage(lines, deep=deep)
    assert error.code == "leaf-changed"
    assert error.violations[0].path == f"leaf {index}"
    assert "as the signed tree holds" in error.text


@pytest.mark.parametrize("index", range(20))
def test_a_changed_stored_hash_is_told_from_a_changed_leaf(index: int) -> None:
    lines = export()
    at(lines, index)["h"] = base64.b64encode(bytes(32)).decode()
    error = damage(lines)
    assert error.code == "leaf-hash-changed"
    assert error.violations[0].path == f"leaf {index}"


@pytest.mark.parametrize("stored", ["AAAA", "****", 7, None])
def test_an_unreadable_stored_hash_is_a_changed_one(stored: object) -> None:
    lines = export()
    at(lines, 8)["h"] = stored
    error = damage(lines)
    assert error.code == "leaf-hash-changed"
    assert "leaf 8" in error.text
    assert "not base64 of 32 bytes" in error.text


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 19), min_size=1, max_size=4), st.sampled_from(["leaf", "h"]))
def test_of_several_damages_of_a_kind_the_first_is_named(indexes: set[int], member: str) -> None:
    lines = export()
    for index in indexes:
        line = at(lines, index)
        line[member] = changed_text(line) if member == "leaf" else base64.b64encode(bytes(32)).decode()
    error = damage(lines)
    assert error.code == ("leaf-changed" if member == "leaf" else "leaf-hash-changed")
    assert error.violations[0].path == f"leaf {min(indexes)}"


def test_a_changed_leaf_and_a_changed_hash_before_one_checkpoint() -> None:
    lines = export()
    at(lines, 8)["leaf"] = changed_text(at(lines, 8))
    at(lines, 10)["h"] = base64.b64encode(bytes(32)).decode()
    error = damage(lines)
    assert (error.code, error.violations[0].path) == ("leaf-changed", "leaf 8")
    assert "more than this leaf is damaged" in error.text


@pytest.mark.parametrize("hashed", [True, False])
def test_a_leaf_forged_with_its_hash_is_narrowed_to_its_checkpoint(*, hashed: bool) -> None:
    lines = export(parts=False)
    line = at(lines, 8)
    line["leaf"] = changed_text(line)
    rehash(line)
    if not hashed:
        del line["h"]
    error = damage(lines)
    assert (error.code, error.violations[0].path) == ("leaf-changed", "leaves 7 to 11")


def test_two_leaves_that_changed_places_are_found() -> None:
    lines = export(parts=False)
    one, other = at(lines, 2), at(lines, 3)
    one["leaf"], other["leaf"] = other["leaf"], one["leaf"]
    one["h"], other["h"] = other["h"], one["h"]
    assert damage(lines).violations[0].path == "leaves 0 to 6"


def test_a_leaf_of_another_form_is_named() -> None:
    lines = export(parts=False)
    line = at(lines, 9)
    line["leaf"] = line["leaf"].replace('"kind":', '"kind": ')
    rehash(line)
    error = damage(lines)
    assert (error.code, error.violations[0].path) == ("leaf-not-canonical", "leaf 9")
    assert damage(lines, deep=False).code == "leaf-changed"


@pytest.mark.parametrize("text", ["\udcff", "\ud800 \udcff"])
def test_a_leaf_that_is_not_text_is_named(text: str) -> None:
    lines = export(parts=False)
    at(lines, 9)["leaf"] = text
    error = damage(lines)
    assert (error.code, error.violations[0].path) == ("leaf-changed", "leaf 9")
    del at(lines, 9)["h"]
    assert damage(lines).code == "leaf-not-canonical"


def test_stored_bytes_that_are_not_utf_8_travel_unharmed() -> None:
    line = json.loads(leaf_line(0, b"\xff\xfe", leaf_hash(b"\xff\xfe")))
    error = damage([export([1], parts=False)[0], line])
    assert (error.code, error.violations[0].path) == ("leaf-not-canonical", "leaf 0")


def test_a_missing_leaf_is_a_gap() -> None:
    lines = export(parts=False)
    lines.remove(at(lines, 9))
    error = damage(lines)
    assert (error.code, error.violations[0].path) == ("index-gap", "leaf 9")


def test_a_leaf_that_comes_twice_is_named() -> None:
    lines = export(parts=False)
    lines.insert(lines.index(at(lines, 9)), at(lines, 8))
    error = damage(lines)
    assert error.code == "index-duplicated"
    assert "found index 8" in error.text


def test_a_missing_leaf_with_renumbered_followers_is_found() -> None:
    lines = export(parts=False)
    lines.remove(at(lines, 9))
    for line in lines:
        if line.get("i", 0) > 9:
            line["i"] -= 1
    error = damage(lines)
    assert error.code == "tree-size"
    assert "expected size 11, found size 12" in error.text


def test_what_came_first_is_reported_first() -> None:
    lines = export()
    at(lines, 8)["leaf"] = changed_text(at(lines, 8))
    lines.remove(at(lines, 11))
    error = damage(lines)
    assert (error.code, error.violations[0].path) == ("leaf-changed", "leaf 8")
    assert "broken off before a checkpoint" in error.text
