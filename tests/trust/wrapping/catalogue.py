"""All attacks together. Names are unique; what is harmless is accepted as exactly what was signed."""

from __future__ import annotations

from functools import cache

from tests.trust.wrapping import blocks, ids, keys, namespaces, references, text, transforms
from tests.trust.wrapping.attack import HARMLESS, Attack
from tests.trust.wrapping.moves import moves

_THEMES = (ids, references, transforms, keys, blocks, namespaces, text)


@cache
def named() -> tuple[Attack, ...]:
    """Every attack that has a function of its own, harmless changes included."""
    return tuple(each for module in _THEMES for each in module.THEME.attacks)


@cache
def refused() -> tuple[Attack, ...]:
    """Every attack that the gateway refuses: the combined moves and the named ones."""
    return (*moves(), *(each for each in named() if each.code != HARMLESS))


@cache
def harmless() -> tuple[Attack, ...]:
    """Changes that the signature does not cover and no reader sees."""
    return tuple(each for each in named() if each.code == HARMLESS)


@cache
def at_the_door() -> tuple[Attack, ...]:
    """What is sent over HTTP: all named attacks, and the moves with three of the identifiers."""
    some = moves(ids=("no-id", "same-id", "other-id"))
    return (*some, *(each for each in named() if each.code != HARMLESS))
