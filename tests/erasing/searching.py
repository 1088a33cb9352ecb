"""Looking for a person in bytes: each of their values as it is, and in every form that somebody could read it from."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path


def forms(value: bytes) -> Iterator[bytes]:
    """A value raw, in hex, and in base64 behind 0, 1 or 2 other bytes, standard and for URLs; a text in UTF-16 too."""
    yield value
    yield value.hex().encode()
    yield value.hex().upper().encode()
    for ahead in range(3):
        encoded = base64.b64encode(bytes(ahead) + value)
        own = encoded[-(-ahead * 8 // 6) : (ahead + len(value)) * 8 // 6]
        yield own
        yield own.replace(b"+", b"-").replace(b"/", b"_")


def needles(texts: Iterable[str], *exact: bytes) -> dict[str, frozenset[bytes]]:
    """What to look for, by what it is of."""
    found: dict[str, set[bytes]] = {}
    for text in texts:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            found.setdefault(text, set()).update(forms(text.encode(encoding)))
    for each in exact:
        found.setdefault(f"bytes {each[:8].hex()}", set()).update(forms(each))
    return {name: frozenset(each) for name, each in found.items()}


def found_in(named: Mapping[str, bytes], sought: Mapping[str, frozenset[bytes]]) -> set[tuple[str, str]]:
    """Where something of it is found: (name of the bytes, value)."""
    return {
        (name, value)
        for name, body in named.items()
        for value, each in sought.items()
        if any(form in body for form in each)
    }


def files_in(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}
