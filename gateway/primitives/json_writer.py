"""JSON as the hub writes it, without spaces, by encoders that are made once.

The standard library's `JSONEncoder` makes its C encoder anew for each document, which costs as much as a small
document does, and every exchange writes half a dozen. Here it is made once. It is the same encoder, with one thing
less: it keeps no note of what it is inside of, so a value that holds itself is a RecursionError and no ValueError,
and nothing is shared between threads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from json import encoder
from typing import Any

_make: Callable[..., Callable[[Any, int], Iterable[str]]] | None = getattr(encoder, "c_make_encoder", None)


class JsonWriter:
    """Writes as `json.JSONEncoder` with these settings does. Safe to share between threads."""

    def __init__(self, *, ensure_ascii: bool = False, sort_keys: bool = False, allow_nan: bool = True) -> None:
        plain = json.JSONEncoder(
            ensure_ascii=ensure_ascii,
            check_circular=False,
            allow_nan=allow_nan,
            sort_keys=sort_keys,
            separators=(",", ":"),
        )
        self._plain = plain
        self._chunks: Callable[[Any, int], Iterable[str]] | None = None
        if _make is not None:  # the name is not documented: an interpreter without it writes the same, more slowly
            text = encoder.encode_basestring_ascii if ensure_ascii else encoder.encode_basestring
            self._chunks = _make(None, plain.default, text, None, ":", ",", sort_keys, False, allow_nan)

    def write(self, value: Any) -> str:
        """Write a value. Raises TypeError for what JSON has no form for, ValueError for NaN where it is not allowed."""
        return self._plain.encode(value) if self._chunks is None else "".join(self._chunks(value, 0))
