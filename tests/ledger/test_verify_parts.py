"""The walk over an exported ledger: damaged parts, checkpoints, ends and forms are named where they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import LedgerBroken
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.verify import verify_export
from tests.ledger.exports import (
    KEY,
    NEXT_KEY,
    TRUSTED,
    WITNESS,
    Line,
    at,
    changed_text,
    damage,
    export,
    leaf,
    rehash,
    verify,
)

# --- parts ---------------------------------------------------------------------------------------------------------


def part_of(lines: list[Line], index: int, name: str) -> Line:
    """Find the `part` object of that leaf and name."""
    exchange = f"ex-{index}"
    found: Line = next(
        line["part"]
        for line in lines
        if "part" in line and (line["part"]["exchange"], line["part"]["name"]) == (exchange, name)
    )
    return found


def test_stored_bytes_that_differ_from_their_commitment_are_named_pasal_22_4() -> None:
    lines = export()
    part_of(lines, 8, "request")["digest"] = sha256(b"other bytes").hexdigest()
    part_of(lines, 10, "request")["digest"] = sha256(b"other bytes").hexdigest()
    error = damage(lines)
    assert error.code == "part-differs"
    assert error.violations[0].path == "part 'request' of exchange 'ex-8', leaf 8"
    assert damage(lines, deep=False).code == "part-differs"


def test_a_part_is_judged_by_proven_leaves_only() -> None:
    lines = export()
    line = at(lines, 8)
    line["leaf"] = line["leaf"].replace(leaf(8).commitments["request"], "00" * 32)
    rehash(line)
    error = damage(lines)
    assert (error.code, error.violations[0].path) == ("leaf-changed", "leaves 7 to 11")


@pytest.mark.parametrize("index", [8, 18])
def test_a_missing_part_is_named_where_all_were_promised(index: int) -> None:
    lines = export()
    lines.remove({"part": part_of(lines, index, "answer-body")})
    error = damage(lines)
    assert error.code == "part-missing"
    assert error.violations[0].path == f"part 'answer-body' of exchange 'ex-{index}', leaf {index}"
    lines[0]["parts"] = "partial"
    assert verify(lines).parts_checked == 19


@pytest.mark.parametrize("change", [{"exchange": "ex-10"}, {"name": "answer"}, {"name": "answer-body"}])
def test_a_part_that_nothing_commits_to_is_named(change: Line) -> None:
    lines = export()
    lines[0]["parts"] = "partial"
    lines.insert(lines.index(at(lines, 9)), {"part": part_of(lines, 8, "request") | change})
    assert damage(lines).code == "part-missing"


def test_a_part_fault_is_reported_also_when_the_export_breaks_off() -> None:
    lines = export()
    part_of(lines, 18, "request")["salt"] = "00" * 32
    del lines[-1]
    assert damage(lines).code == "part-differs"


def test_a_part_without_its_leaf_is_refused() -> None:
    lines = export()
    lines.append({"part": part_of(lines, 18, "request")})
    error = damage(lines)
    assert (error.code, error.violations[0].path) == ("export-malformed", f"line {len(lines)}")


# --- checkpoints and the ends --------------------------------------------------------------------------------------


def checkpoints(lines: list[Line]) -> list[Line]:
    return [line for line in lines if "checkpoint" in line]


def test_a_changed_checkpoint_is_not_signed() -> None:
    lines = export()
    checkpoints(lines)[1]["checkpoint"] = checkpoints(lines)[1]["checkpoint"].replace("\n12\n", "\n13\n")
    assert damage(lines).code == "checkpoint-signature"


def test_a_checkpoint_of_another_ledger_is_refused() -> None:
    lines = export()
    body = Checkpoint("other.example/ledger", 20, bytes(32)).body()
    lines[-1]["checkpoint"] = f"{body}\n{KEY.signature_line(body)}"
    assert damage(lines).code == "checkpoint-origin"


def test_a_checkpoint_in_the_wrong_place_is_refused() -> None:
    lines = export()
    first = checkpoints(lines)[0]
    lines.remove(first)
    lines.insert(lines.index(at(lines, 6)), first)
    error = damage(lines)
    assert error.code == "tree-size"
    assert error.violations[0].path == "checkpoint after 6 leaves"


def test_a_lost_checkpoint_between_others_loses_nothing() -> None:
    lines = export()
    lines.remove(checkpoints(lines)[1])
    assert verify(lines).checkpoints == 2


def test_leaves_after_the_last_checkpoint_are_not_proven() -> None:
    error = damage(export()[:-1])
    assert error.code == "checkpoint-missing"
    assert "the last one is over 12" in error.text


def test_a_forged_last_leaf_cannot_hide_behind_a_lost_checkpoint() -> None:
    lines = export()[:-1]
    at(lines, 19)["leaf"] = changed_text(at(lines, 19))
    error = damage(lines)
    assert (error.code, error.violations[0].path) == ("leaf-changed", "leaf 19")


def test_a_shortened_export_is_found() -> None:
    lines = export()
    error = damage(lines[: lines.index(checkpoints(lines)[1]) + 1])
    assert error.code == "tree-size"
    assert "expected 20 leaves, as the header says, found 12 leaves" in error.text


def test_a_header_that_counts_wrong_is_found() -> None:
    lines = export()
    lines[0]["size"] = 19
    assert damage(lines).code == "tree-size"


def test_a_ledger_of_an_untrusted_key_is_refused() -> None:
    lines = export(keys=(NEXT_KEY, NEXT_KEY, NEXT_KEY))
    assert not verify(lines, None).trusted
    assert damage(lines).code == "checkpoint-signature"


@pytest.mark.parametrize("trusted", [[], [WITNESS.verifier.encode()], ["x"]])
def test_without_a_key_of_this_ledger_nothing_is_judged(trusted: list[str]) -> None:
    with pytest.raises(LedgerBroken) as caught:
        verify_export([json.dumps(line) for line in export()], trusted)
    assert caught.value.code == "verifier-key"


WHOLE = "".join(json.dumps(line) + "\n" for line in export())
TRUTH = verify(export())


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.characters(max_codepoint=0x17F))
def test_no_changed_character_changes_what_is_proven(place: int, character: str) -> None:
    changed = WHOLE[:place] + character + WHOLE[place + 1 :]
    with suppress(LedgerBroken):
        assert verify_export(changed.split("\n")[:-1], TRUSTED) == TRUTH


# --- form ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it.update(format="x"),
        lambda it: it.update(version=2),
        lambda it: it.update(version=True),
        lambda it: it.update(unknown=1),
        lambda it: it.pop("origin"),
        lambda it: it.update(origin=1),
        lambda it: it.update(size=-1),
        lambda it: it.update(size=1.0),
        lambda it: it.update(parts="all"),
        lambda it: it.update(parts=[]),
        lambda it: it.update(verifiers="x"),
        lambda it: it.update(verifiers=[1]),
    ],
)
def test_a_header_of_another_form_is_refused(change: Callable[[Line], object]) -> None:
    lines = export()
    change(lines[0])
    error = damage(lines)
    assert (error.code, error.violations[0].path) == ("export-malformed", "line 1")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\n",
        "[]",
        "null",
        "{}",
        "not json",
        "[" * 100_000,
        '{"i":0}',
        '{"i":0,"i":0,"leaf":"{}"}',
        '{"i":"0","leaf":"{}"}',
        '{"i":true,"leaf":"{}"}',
        '{"i":0,"leaf":{}}',
        '{"i":0,"leaf":"{}","more":1}',
        '{"checkpoint":7}',
        '{"checkpoint":"x","more":1}',
        '{"part":{"exchange":"e"}}',
        '{"part":{"exchange":"e","name":"n","digest":"00","salt":"00"}}',
        '{"part":{"exchange":"e","name":"n","digest":"zz","salt":"00"}}',
        '{"part":[]}',
    ],
)
def test_a_line_of_another_form_is_refused(line: str) -> None:
    header, *rest = [json.dumps(each) for each in export()]
    with pytest.raises(LedgerBroken) as caught:
        verify_export([header, line, *rest], TRUSTED)
    assert (caught.value.code, caught.value.violations[0].path) == ("export-malformed", "line 2")


def test_no_lines_are_no_export() -> None:
    with pytest.raises(LedgerBroken) as caught:
        verify_export([], TRUSTED)
    assert caught.value.code == "export-malformed"
