"""Leaves: one spelling per fact, and commitments that open only to their owner."""

from __future__ import annotations

import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import LedgerBroken
from gateway.ledger.encoding import canonical_json
from gateway.ledger.leaf import Leaf, LeafKind, commitment, part_salt, pseudonym

KEY = bytes(range(32))
LEAF = Leaf(
    id="lf-0001",
    kind=LeafKind.ACCEPTED,
    at=datetime(2026, 1, 5, 3, 4, 5, 678, tzinfo=UTC),
    exchange="ex-0001",
    actor=pseudonym(KEY, "dpupr"),
    agreement="dpupr-2026@1.0",
    commitments={"request": "ab" * 32},
    extra={"attempt": 2, "note": 'koma, "kutip" dan é'},
)


# --- the canonical form --------------------------------------------------------------------------------------------


def test_the_canonical_form_is_as_published() -> None:
    assert LEAF.canonical().decode() == (
        '{"actor":"' + LEAF.actor + '","agreement":"dpupr-2026@1.0","at":"2026-01-05T03:04:05.000678Z",'
        '"commitments":{"request":"' + "ab" * 32 + '"},"exchange":"ex-0001",'
        '"extra":{"attempt":2,"note":"koma, \\"kutip\\" dan é"},"id":"lf-0001","kind":"accepted","v":1}'
    )


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,20}", fullmatch=True)
unicode_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
extras = st.one_of(unicode_text, st.integers(-(2**53) + 1, 2**53 - 1))
leaves = st.builds(
    Leaf,
    id=names,
    kind=st.sampled_from(LeafKind),
    at=st.datetimes(timezones=st.just(UTC)),
    exchange=names,
    actor=st.from_regex(r"[!-~]{0,20}", fullmatch=True),
    agreement=st.from_regex(r"[!-~]{0,20}", fullmatch=True),
    commitments=st.dictionaries(names, st.binary(min_size=32, max_size=32).map(bytes.hex), max_size=3),
    extra=st.dictionaries(names, extras, max_size=4),
)


@settings(max_examples=150, deadline=None)
@given(leaves)
def test_a_leaf_reads_back_and_is_the_rfc_8785_form(leaf: Leaf) -> None:
    data = leaf.canonical()
    assert Leaf.parse(data) == leaf
    assert rfc8785.dumps(json.loads(data)) == data


json_values = st.recursive(
    st.one_of(st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), unicode_text),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(json_values)
def test_the_fast_encoder_equals_a_general_rfc_8785_canonicaliser(value: bool | int | str) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


def test_a_leaf_without_parts_needs_no_exchange() -> None:
    leaf = Leaf(id="lf-2", kind=LeafKind.SIGN_IN, at=LEAF.at, actor=LEAF.actor)
    assert Leaf.parse(leaf.canonical()) == leaf
    assert leaf.commitments == {}
    with pytest.raises(ValueError, match="names the exchange"):
        replace(leaf, commitments={"request": "ab" * 32})


def test_a_leaf_keeps_its_own_copy_of_what_it_was_given() -> None:
    given_extra: dict[str, str | int] = {"attempt": 1}
    leaf = replace(LEAF, extra=given_extra)
    given_extra["attempt"] = 99
    assert leaf.extra["attempt"] == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": ""}, "id"),
        ({"id": "has space"}, "id"),
        ({"id": "a/b"}, "id"),
        ({"id": "x" * 129}, "id"),
        ({"exchange": "a/b"}, "exchange"),
        ({"at": datetime(2026, 1, 5, 3, 4)}, "UTC"),  # noqa: DTZ001 - a naive time is what is refused
        ({"at": datetime(2026, 1, 5, 3, 4, tzinfo=timezone(timedelta(hours=7)))}, "UTC"),
        ({"actor": "Budi Santoso"}, "actor"),
        ({"agreement": "x" * 257}, "agreement"),
        ({"commitments": {"a/b": "ab" * 32}}, "part"),
        ({"commitments": {"request": "AB" * 32}}, "64 lower-case hex"),
        ({"commitments": {"request": "ab" * 31}}, "64 lower-case hex"),
        ({"extra": {"": 1}}, "extra member"),
        ({"extra": {"n": 2**53}}, "below 2\\*\\*53"),
        ({"extra": {"n": 1.5}}, "whole number"),
        ({"extra": {"n": True}}, "whole number"),
        ({"extra": {"n": None}}, "whole number"),
        ({"extra": {"n": "\ud800"}}, "surrogates"),
    ],
)
def test_a_value_without_a_place_in_a_leaf_is_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        replace(LEAF, **changes)  # type: ignore[arg-type]  # wrong types are what is tested


def with_member(name: str, value: object) -> bytes:
    said = json.loads(LEAF.canonical())
    said[name] = value
    return canonical_json(said)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff",
        b"{}",
        LEAF.canonical() + b"\n",
        LEAF.canonical().replace(b'":', b'": ', 1),
        LEAF.canonical().replace(b"\xc3\xa9", b"\\u00e9"),
        LEAF.canonical().replace(b'"v":1', b'"v":1,"v":1'),
        LEAF.canonical().replace(b'"v":1', b'"v":1.0'),
        LEAF.canonical().replace(b'"v":1', b'"v":true'),
        LEAF.canonical().replace(b'"v":1', b'"v":NaN'),
        LEAF.canonical().replace(b"000678Z", b"000678+00:00"),
        LEAF.canonical().replace(b"000678Z", b"000678"),
        LEAF.canonical().replace(b"05.000678Z", b"05Z"),
        LEAF.canonical().replace(b"accepted", b"adopted"),
        with_member("v", 2),
        with_member("unknown", "x"),
        with_member("id", 7),
        with_member("at", "yesterday"),
        with_member("at", "0001-01-01T00:00:00+23:59"),
        with_member("commitments", ["request"]),
        with_member("commitments", {"request": 1}),
        with_member("extra", {"n": {"deep": 1}}),
        b"[" * 100_000,
    ],
)
def test_bytes_that_the_ledger_did_not_write_are_refused(data: bytes) -> None:
    assert data != LEAF.canonical()
    with pytest.raises(LedgerBroken, match="leaf 7") as caught:
        Leaf.parse(data, "leaf 7")
    assert caught.value.code == "leaf-not-canonical"


# --- commitments ---------------------------------------------------------------------------------------------------


def test_salt_and_commitment_are_the_published_formulas() -> None:
    salt = part_salt(KEY, "ex-0001", "request")
    assert salt == hmac.new(KEY, b"simojo-part-salt-v1\x00ex-0001/request", sha256).digest()
    digest = sha256(b"<exact bytes>").digest()
    assert commitment(salt, digest) == hmac.new(salt, b"simojo-commitment-v1\x00" + digest, sha256).digest()


def test_every_part_of_every_exchange_has_its_own_salt() -> None:
    salts = {part_salt(KEY, exchange, part) for exchange in ("ex-1", "ex-2") for part in ("request", "answer")}
    salts.add(part_salt(bytes(32), "ex-1", "request"))
    assert len(salts) == 5


def test_a_commitment_tells_nothing_without_the_salt_of_its_own_part() -> None:
    digest = sha256(b"bytes").digest()
    request, answer = part_salt(KEY, "ex-1", "request"), part_salt(KEY, "ex-1", "answer")
    assert commitment(request, digest) == commitment(request, digest)
    assert commitment(request, digest) != commitment(answer, digest)


def test_a_pseudonym_is_stable_under_one_key_and_unlinkable_under_another() -> None:
    assert pseudonym(KEY, "officer-7") == pseudonym(KEY, "officer-7")
    assert len({pseudonym(KEY, "officer-7"), pseudonym(KEY, "officer-8"), pseudonym(bytes(32), "officer-7")}) == 3
    assert replace(LEAF, actor=pseudonym(KEY, "Ibu Sari, loket 3")).actor == pseudonym(KEY, "Ibu Sari, loket 3")


def test_unfit_keys_names_and_digests_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        part_salt(b"short", "ex-1", "request")
    with pytest.raises(ValueError, match="at least 16 bytes"):
        commitment(b"", bytes(32))
    with pytest.raises(ValueError, match="at least 16 bytes"):
        pseudonym(b"short", "x")
    with pytest.raises(ValueError, match="exchange"):
        part_salt(KEY, "ex/1", "request")
    with pytest.raises(ValueError, match="part"):
        part_salt(KEY, "ex-1", "")
    with pytest.raises(ValueError, match="SHA-256"):
        commitment(KEY, b"not a digest")
