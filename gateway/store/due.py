"""What is due, one after the other, where some of it cannot be handled and stays due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def handle_due(page: Callable[[int], Sequence[T]], handle: Callable[[T], bool]) -> int:
    """Handle a page of what is due, and the next one where nothing of it could be handled; gives how many were.

    `page` gives what is due without so many that come first: what `handle` says False of stays before the others,
    and however much of it there is, it keeps none of them waiting.
    """
    skip = 0
    while rows := page(skip):
        handled = sum(handle(row) for row in rows)
        if handled:
            return handled
        skip += len(rows)
    return 0
