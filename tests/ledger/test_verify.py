"""The walk over an exported ledger: a whole one passes, and each damage is named where it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import LedgerBroken
from gateway.ledger.checkpoint import Checkpoint, NoteKey, cosign, sign
from gateway.ledger.export import checkpoint_line, header_line, leaf_line, part_line
from gateway.ledger.leaf import Leaf, LeafKind, commitment, part_salt
from gateway.ledger.merkle import leaf_hash, root
from gateway.ledger.verify import Verdict, verify_export

NOW = datetime(2026, 1, 5, 3, 4, 5, tzinfo=UTC)
ORIGIN = "simojo.example/ledger"
KEY = NoteKey.from_seed(ORIGIN, bytes(range(32)))
NEXT_KEY = NoteKey.from_seed(ORIGIN, bytes(range(1, 33)))
WITNESS = NoteKey.from_seed("drc.example/witness", bytes(range(2, 34)))
TRUSTED = KEY.verifier.encode()
CASE_KEY = bytes(range(50, 82))
BATCHES = (7, 5, 8)

Line = dict[str, Any]


def stored_bytes(number: int, part: str) -> bytes:
    return f"<{part} number='{number}'/>".encode()


def leaf(number: int) -> Leaf:
    """Even leaves are exchanges with two parts; odd ones are steps with none."""
    parts = ("request", "answer-body") if number % 2 == 0 else ()
    exchange = f"ex-{number}"
    opaque = {
        part: commitment(part_salt(CASE_KEY, exchange, part), sha256(stored_bytes(number, part)).digest()).hex()
        for part in parts
    }
    kind = LeafKind.ACCEPTED if parts else LeafKind.CASE_STEP
    at = NOW + timedelta(seconds=number)
    return Leaf(id=f"lf-{number}", kind=kind, at=at, exchange=exchange, commitments=opaque, extra={"number": number})


def export(
    batches: Iterable[int] = BATCHES, *, parts: bool = True, keys: tuple[NoteKey, ...] = (KEY, KEY, KEY)
) -> list[Line]:
    """Write the lines of a whole export, still as objects."""
    batches = tuple(batches)
    verifiers = list(dict.fromkeys(key.verifier for key in keys))
    lines = [header_line(origin=ORIGIN, verifiers=verifiers, size=sum(batches), complete=parts)]
    hashes: list[bytes] = []
    for batch, key in zip(batches, keys, strict=False):
        for number in range(len(hashes), len(hashes) + batch):
            each = leaf(number)
            hashes.append(leaf_hash(each.canonical()))
            lines.append(leaf_line(number, each.canonical(), hashes[-1]))
            for name in each.commitments if parts else ():
                digest, salt = sha256(stored_bytes(number, name)).digest(), part_salt(CASE_KEY, each.exchange, name)
                lines.append(part_line(exchange=each.exchange, name=name, digest=digest, salt=salt))
        lines.append(checkpoint_line(sign(Checkpoint(ORIGIN, len(hashes), root(hashes)), key)))
    assert all(line.endswith("\n") and line.isascii() for line in lines)
    return [json.loads(line) for line in lines]


def verify(lines: list[Line], trusted: str | None = TRUSTED, *, deep: bool = True) -> Verdict:
    return verify_export((json.dumps(line) + "\n" for line in lines), trusted, deep=deep)


def damage(lines: list[Line], *, deep: bool = True) -> LedgerBroken:
    with pytest.raises(LedgerBroken) as caught:
        verify(lines, deep=deep)
    return caught.value


def at(lines: list[Line], index: int) -> Line:
    """Find the line of that leaf."""
    return next(line for line in lines if line.get("i") == index)


def changed_text(line: Line) -> str:
    text: str = line["leaf"]
    assert "simojo" not in text
    return text.replace('"lf-', '"lf-9')


def rehash(line: Line) -> None:
    line["h"] = base64.b64encode(leaf_hash(line["leaf"].encode())).decode()


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
