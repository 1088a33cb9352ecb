"""Published means frozen: a list of SHA-256 digests beside the files, which only grows.

The list is what `sha256sum -c FROZEN.sha256` reads. A changed schema or agreement is a new version in a new file; the
old one stays as both parties signed it (Pasal 21(2)). Examples are not listed: more of them may come.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from gateway.domain.errors import Misconfigured

LIST = "FROZEN.sha256"
FROZEN_SUFFIXES = (".json", ".xsd", ".toml")
"""What is published: schemas, the sidecars that mark personal fields, and agreement files."""

_LINE = re.compile(r"([0-9a-f]{64})  ([^\s/][^\n]*)")


def check_frozen(folder: Path) -> tuple[str, ...]:
    """Sentences for every published file that changed, is gone, or is not yet listed; empty when the tree matches.

    Raises Misconfigured `frozen-list-malformed`: a line of the list is not one.
    """
    listed, published = _listed(folder), dict(_published(folder))
    found = []
    for name, digest in listed.items():
        if name not in published:
            found.append(
                f"{folder.name}/{name} is listed as published and is gone: put it back, both parties signed it"
            )
        elif published[name] != digest:
            found.append(
                f"{folder.name}/{name} changed after it was published: undo, and publish a new version beside it"
            )
    missing = (name for name in published if name not in listed)
    found += [f"{folder.name}/{name} is not in {LIST}: freeze it when it is published" for name in missing]
    return tuple(sorted(found))


def freeze(folder: Path) -> tuple[str, ...]:
    """Add the digests of files that are not listed yet, and give their names. A listed digest is never rewritten.

    Raises Misconfigured `frozen-list-malformed`.
    """
    listed = _listed(folder)
    new = {name: digest for name, digest in _published(folder) if name not in listed}
    if new:
        lines = [f"{digest}  {name}\n" for name, digest in sorted({**new, **listed}.items())]
        (folder / LIST).write_text("".join(lines), encoding="utf-8")
    return tuple(sorted(new))


def _listed(folder: Path) -> dict[str, str]:
    path = folder / LIST
    listed: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.is_file() else (), 1):
        match = _LINE.fullmatch(line)
        if match is None or match[2] in listed:
            raise Misconfigured(
                f"{path}, line {number}: expected a new `<sha256>  <path>`; take the list from version control",
                code="frozen-list-malformed",
            )
        listed[match[2]] = match[1]
    return listed


def _published(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and path.suffix in FROZEN_SUFFIXES and "examples" not in inside.parts:
            yield inside.as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()
