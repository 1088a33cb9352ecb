"""What is recognised at speed is exactly what the slow reading takes, and reads the same."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import LedgerBroken
from gateway.ledger.export import leaf_line
from gateway.ledger.leaf import Leaf, LeafKind
from gateway.ledger.merkle import leaf_hash
from gateway.ledger.plain import read_leaf, read_leaf_line
from tests.ledger.exports import leaf

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,8}", fullmatch=True)
tokens = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=8)
extras = st.text(max_size=8) | st.integers(-(2**53) + 1, 2**53 - 1)
leaves = st.builds(
    Leaf,
    id=names,
    kind=st.sampled_from(LeafKind),
    at=st.datetimes(min_value=datetime(1000, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),  # noqa: DTZ001 - hypothesis
    exchange=names,
    actor=tokens,
    agreement=tokens,
    commitments=st.dictionaries(names, st.from_regex(r"[0-9a-f]{64}", fullmatch=True), max_size=3),
    extra=st.dictionaries(names, extras, max_size=3),
)
WHOLE = leaf(8).canonical()


@settings(max_examples=200, deadline=None)
@given(leaves)
def test_a_leaf_recognised_says_what_its_reading_says(made: Leaf) -> None:
    said = read_leaf(made.canonical())
    if said is not None:
        assert (said.exchange, dict(said.commitments)) == (made.exchange, dict(made.commitments))
    plain = all(isinstance(each, int) or each.isalnum() for each in made.extra.values())
    if plain and made.canonical().isascii() and b"\\" not in made.canonical() and not made.extra:
        assert said is not None


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 2), st.binary(max_size=3))
def test_what_is_no_canonical_leaf_is_never_recognised(place: int, gone: int, put: bytes) -> None:
    changed = WHOLE[:place] + put + WHOLE[place + gone :]
    if read_leaf(changed) is not None:
        Leaf.parse(changed)  # raises where it is none


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_line_recognised_reads_as_json_reads_it(data: st.DataObject) -> None:
    line = leaf_line(8, WHOLE, leaf_hash(WHOLE))
    place = data.draw(st.integers(0, len(line) - 1))
    put = data.draw(st.text(st.characters(max_codepoint=0x17F), max_size=3))
    changed = line[:place] + put + line[place + data.draw(st.integers(0, 3)) :]
    found = read_leaf_line(changed)
    if found is not None:
        index, text, stored = found
        assert json.loads(changed) == {"i": index, "leaf": text.decode(), "h": stored.decode()}


def test_nearly_all_leaves_are_recognised() -> None:
    assert read_leaf(WHOLE) is not None
    assert read_leaf_line(leaf_line(8, WHOLE, leaf_hash(WHOLE))) is not None
    for wrong in (WHOLE.replace(b"01-05", b"13-05"), WHOLE.replace(b'"v":1', b'"v":2'), WHOLE + b" "):
        assert read_leaf(wrong) is None
        with suppress(LedgerBroken):
            raise AssertionError(Leaf.parse(wrong))


def test_members_out_of_order_or_twice_are_not_recognised() -> None:
    part = b'"answer-body":"' + leaf(8).commitments["answer-body"].encode() + b'"'
    other = b'"request":"' + leaf(8).commitments["request"].encode() + b'"'
    for pair in (other + b"," + part, part + b"," + part):
        assert read_leaf(WHOLE.replace(part + b"," + other, pair)) is None
