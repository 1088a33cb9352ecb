"""Changes of bytes that every target knows. Each takes the input and two numbers, and never fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

Change: TypeAlias = Callable[[bytes, int, int], bytes]
LARGEST = 200_000
"""Bytes that an input may grow to."""


def flip(data: bytes, a: int, b: int) -> bytes:
    """Change one byte."""
    at = a % max(1, len(data))
    return data[:at] + bytes([b % 256]) + data[at + 1 :]


def cut(data: bytes, a: int, b: int) -> bytes:
    """Take some bytes out."""
    at = a % max(1, len(data))
    return data[:at] + data[at + 1 + b % 64 :]


def shorten(data: bytes, a: int, _b: int) -> bytes:
    """Keep the beginning."""
    return data[: a % (len(data) + 1)]


def repeat(data: bytes, a: int, b: int) -> bytes:
    """Repeat some bytes where they stand."""
    at = a % max(1, len(data))
    size, times = 1 + b % 97, 1 + (b // 97) % 40
    return (data[:at] + data[at : at + size] * times + data[at:])[:LARGEST]


def exchange(data: bytes, a: int, b: int) -> bytes:
    """Let two pieces change places."""
    first, second = sorted((a % max(1, len(data)), b % max(1, len(data))))
    size = min(24, second - first)
    return (
        data[:first]
        + data[second : second + size]
        + data[first + size : second]
        + data[first : first + size]
        + data[second + size :]
    )


def inserting(tokens: Sequence[bytes]) -> Change:
    """Give the change that puts one of these tokens in."""

    def insert(data: bytes, a: int, b: int) -> bytes:
        at = a % (len(data) + 1)
        return (data[:at] + tokens[b % len(tokens)] + data[at:])[:LARGEST]

    return insert


def replacing(tokens: Sequence[bytes]) -> Change:
    """Give the change that puts one token in the place of another that is there."""

    def replace(data: bytes, a: int, b: int) -> bytes:
        there = [token for token in tokens if token and token in data]
        if not there:
            return data
        return data.replace(there[a % len(there)], tokens[b % len(tokens)], 1 + b % 2)[:LARGEST]

    return replace


def of_bytes(tokens: Sequence[bytes]) -> tuple[Change, ...]:
    """All changes of bytes, with the tokens of a target."""
    return (flip, cut, shorten, repeat, exchange, inserting(tokens), replacing(tokens))


def by(changes: Sequence[Change]) -> Callable[[bytes, tuple[int, int, int]], bytes]:
    """Give the function that makes the step of a number."""
    return lambda data, step: changes[step[0] % len(changes)](data, step[1], step[2])
