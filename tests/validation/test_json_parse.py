"""JSON from outside is bounded and exact, and a refusal names the place without the value (RFC 8259, RFC 8785)."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import Malformed
from gateway.validation.json_parse import MAX_INTEGER, parse_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def parse(text: str | bytes, max_bytes: int = 1 << 20, max_depth: int = 64) -> Any:
    return parse_json(text.encode() if isinstance(text, str) else text, max_bytes=max_bytes, max_depth=max_depth)


def refused(text: str | bytes, **bounds: int) -> Malformed:
    with pytest.raises(Malformed) as caught:
        parse(text, **bounds)
    return caught.value


@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_what_was_written_is_read(value: Any, ascii_only: bool, indent: int | None) -> None:
    assert parse(json.dumps(value, ensure_ascii=ascii_only, indent=indent)) == value


@given(VALUES, st.booleans(), st.sampled_from(['[{"', '\\"[[[', "\\\\", '"[']))
def test_depth_is_that_of_brackets_outside_strings(value: Any, ascii_only: bool, text: str) -> None:
    """With so many brackets that they have to be looked at one by one."""
    value = [value, [text] * 3, [[]] * 3, {text: text}]
    depth = depth_of(value)
    written = json.dumps(value, ensure_ascii=ascii_only)
    assert parse(written, max_depth=depth) == value
    assert refused(written, max_depth=depth - 1).code == "json-too-deep"


def depth_of(value: Any) -> int:
    if not isinstance(value, list | dict):
        return 0
    return 1 + max((depth_of(each) for each in (value.values() if isinstance(value, dict) else value)), default=0)


PIECES = st.sampled_from(
    [
        *(
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            " ",
            "\n",
            "0",
            "-",
            "1.0",
            "2e3",
            "9007199254740991",
            "9007199254740992",
            "true",
        ),
        *(
            '"a":',
            '"\\u0061":',
            '"a"',
            '"\\""',
            '"\\\\"',
            '"\\u0022"',
            '"\\ud83d"',
            '"\\ud83d\\ude00"',
            '"\x7f"',
            '"é"',
            "\ufeff",
        ),
    ]
)
ODD = st.recursive(
    PIECES,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda each: f"[{','.join(each)}]")
        | st.lists(inner.map(lambda each: f'"a":{each}'), max_size=2).map(lambda each: f"{{{', '.join(each)}}}")
        | st.lists(inner.map(lambda each: f'"\\\\\\"": {each}'), max_size=2).map(lambda each: f"{{{', '.join(each)}}}")
    ),
    max_leaves=6,
)


@given(ODD | st.lists(PIECES, max_size=8).map("".join))
def test_both_readers_take_and_refuse_the_same(text: str) -> None:
    """A bound below that of the fast reader leaves the body to the thorough one; nothing here is as deep."""
    assert outcome(text, max_depth=7) == outcome(text, max_depth=8)


def outcome(text: str, max_depth: int) -> tuple[str, str]:
    try:
        return "read", repr(parse(text, max_depth=max_depth))
    except Malformed as error:
        return error.code, error.text.replace(f"deeper than {max_depth}", "deeper")


def test_a_body_deeper_than_the_fast_reader_reads_is_read_by_the_other() -> None:
    for depth in range(6, 12):
        assert depth_of(parse("[" * depth + "]" * depth)) == depth


def test_a_body_is_read_up_to_its_agreed_size() -> None:
    assert parse('"1234"', max_bytes=6) == "1234"
    error = refused('"12345"', max_bytes=6)
    assert (error.code, error.text) == ("body-too-large", "the body has 7 bytes, at most 6 are read")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "line 1, column 1"),
        ('{"a":\n x}', "line 2, column 2"),
        ('["a" "b"]', "line 1, column 6"),
        ("\ufeff{}", "line 1, column 1"),
        ('{"a": "\n"}', "line 1, column 8"),
        ('{"a": "b', "line 1, column 7"),
        ("{} {}", "line 1, column 4"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text: str, where: str) -> None:
    error = refused(text)
    assert error.code == "json-malformed"
    assert error.text.endswith(where)


@pytest.mark.parametrize(
    ("body", "where"), [(b'{"a":\n"\xc3\xa9\xff"}', "line 2, column 3"), (b"\xff\xfe", "line 1, column 1")]
)
def test_only_utf_8_is_read_rfc_8259_8_1(body: bytes, where: str) -> None:
    error = refused(body)
    assert (error.code, error.text) == ("json-malformed", f"the body is not UTF-8 at {where}")


@pytest.mark.parametrize(
    ("text", "name", "where"),
    [
        ('{"a": 1, "a": 2}', "a", "line 1, column 10"),
        ('{"a": 1,\n "\\u0061": 2}', "a", "line 2, column 2"),
        ('[{"x": "a", "a": ["a"], "b": {"a": 1, "c": 1, "c": 2}}]', "c", "line 1, column 47"),
    ],
)
def test_a_member_is_named_once(text: str, name: str, where: str) -> None:
    error = refused(text)
    assert error.code == "json-duplicate-member"
    assert error.text.startswith(f"member {name!r} is named twice at {where}:")


def test_the_same_name_in_two_objects_is_two_members() -> None:
    assert parse('{"a": {"a": ["a", "a"]}, "b": [{"a": 1}, {"a": 2}]}') == {
        "a": {"a": ["a", "a"]},
        "b": [{"a": 1}, {"a": 2}],
    }


@pytest.mark.parametrize(
    "number",
    [
        "1.0",
        "1e3",
        "NaN",
        "Infinity",
        "-Infinity",
        "9007199254740992",
        "-9007199254740992",
        "9999014506900001",
        "1" * 5000,
    ],
)
def test_a_number_that_a_reader_may_round_is_refused_and_not_repeated(number: str) -> None:
    error = refused(f'{{"ok": 7, "s": "1.5",\n "n": {number}}}')
    assert error.code == "json-number"
    assert error.text.startswith("the number at line 2, column 7 is not a whole number")
    assert len(number) < 3 or number not in error.text


@pytest.mark.parametrize("number", [0, -1, MAX_INTEGER, -MAX_INTEGER])
def test_a_whole_number_below_2_to_the_53_is_kept(number: int) -> None:
    assert parse(f"[{number}, true, false, null]") == [number, True, False, None]


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_is_bounded(opening: str, closing: str) -> None:
    assert parse(f"{opening * 3}1{closing * 3}", max_depth=3)
    error = refused(f"{opening * 4}1{closing * 4}", max_depth=3)
    assert error.code == "json-too-deep"
    assert error.text.endswith(f"3 levels at line 1, column {3 * len(opening) + 1}")


def test_brackets_side_by_side_or_in_strings_are_not_nesting() -> None:
    assert parse('[["[[[["], ["{{\\"{{"], []]', max_depth=2) == [["[[[["], ['{{"{{'], []]


def test_depth_cannot_exhaust_the_parser() -> None:
    assert refused("[" * 15_000).code == "json-too-deep"


@pytest.mark.parametrize("unit", ['\\"', '"', "\\", '"\\'])
def test_a_body_of_quotes_costs_linear_time(unit: str) -> None:
    body = b"[" * 65 + b'"' + unit.encode() * 200_000
    started = time.process_time()
    assert refused(body).code == "json-too-deep"
    assert refused(b"]" * 65 + b'"' + unit.encode() * 200_000 + b"[" * 65).code in ("json-malformed", "json-too-deep")
    assert time.process_time() - started < 5


def test_more_values_than_are_read_are_refused_before_anything_is_built() -> None:
    assert refused("[" + "0," * 19_990 + "0.5]").code == "json-number"
    assert refused("[" + "0," * 20_001 + "0.5]").code == "json-too-many-values"


def test_finding_a_fault_costs_linear_time() -> None:
    body = b"[" + b'"a",' * 19_000 + b'{"a": 1, "a": 2}]'
    started = time.process_time()
    with pytest.raises(Malformed, match="named twice"):
        parse_json(body, max_bytes=len(body))
    assert time.process_time() - started < 10


def test_half_of_a_surrogate_pair_is_refused_and_a_whole_one_read_rfc_8259_8_2() -> None:
    assert parse('["\\ud83d\\ude00", "\\\\ud800"]') == ["\U0001f600", "\\ud800"]
    error = refused('[1, "a",\n "\\ud800"]')
    assert error.code == "json-malformed"
    assert "line 2, column 2" in error.text


@pytest.mark.parametrize("deep", [False, True])
def test_from_a_foreign_dialect_a_number_that_is_not_exact_is_its_text(deep: bool) -> None:
    said = b'{"a":1.50,"b":[12345678901234567890,-2e3,7,"1.5"],"c":9007199254740991,"d":{"e":0.10}}'
    data = b"[" * 9 + said + b"]" * 9 if deep else said
    read: Any = parse_json(data, max_bytes=1000, inexact_as_text=True)
    for _ in range(9 if deep else 0):
        (read,) = read
    assert read == {"a": "1.50", "b": ["12345678901234567890", "-2e3", 7, "1.5"], "c": MAX_INTEGER, "d": {"e": "0.10"}}
    assert refused(data).code == "json-number"


@pytest.mark.parametrize(("text", "column"), [("NaN", 1), ("-Infinity", 1), ("[1.5, 2e3, Infinity]", 12)])
def test_what_json_has_no_number_for_is_refused_from_anybody(text: str, column: int) -> None:
    with pytest.raises(Malformed) as caught:
        parse_json(text.encode(), max_bytes=100, inexact_as_text=True)
    assert caught.value.code == "json-number"
    assert f"column {column} " in caught.value.text
