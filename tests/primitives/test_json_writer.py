"""What the hub writes is what the standard library writes, on one thread or many."""

from __future__ import annotations

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.primitives.json_writer import JsonWriter

LEAVES = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
SETTINGS: list[dict[str, Any]] = [
    {"ensure_ascii": ascii_only, "sort_keys": in_order, "allow_nan": nan}
    for ascii_only, in_order, nan in itertools.product((True, False), repeat=3)
]
WRITERS = [(JsonWriter(**settings), settings) for settings in SETTINGS]


@given(VALUES)
def test_every_value_is_written_as_by_the_standard_library(value: Any) -> None:
    for writer, settings in WRITERS:
        assert writer.write(value) == json.dumps(value, separators=(",", ":"), **settings)


def test_many_threads_write_the_same_value_at_once() -> None:
    writer = JsonWriter(sort_keys=True)
    value = {"b": [{"number": number} for number in range(200)], "a": "é"}
    with ThreadPoolExecutor(8) as threads:
        written = set(threads.map(writer.write, [value] * 400))
    assert written == {json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))}


def test_what_json_has_no_form_for_is_refused() -> None:
    with pytest.raises(TypeError):
        JsonWriter().write({"at": datetime(2026, 1, 5, tzinfo=UTC)})
    with pytest.raises(ValueError, match="not JSON compliant"):
        JsonWriter(allow_nan=False).write([float("nan")])
    assert JsonWriter().write([float("nan")]) == "[NaN]"


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(RecursionError):
        JsonWriter().write(value)
