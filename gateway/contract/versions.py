"""Versions of agreements and of schemas: `<major>.<minor>`, compared as numbers, so that 1.10 comes after 1.9."""

from __future__ import annotations

import re

_VERSION = re.compile(r"[0-9]+\.[0-9]+", re.ASCII)


def is_version(text: str) -> bool:
    """Tell whether a text is a version."""
    return _VERSION.fullmatch(text) is not None


def version_order(version: str) -> tuple[tuple[int, str], ...]:
    """What versions are compared by. Digits are not made numbers: a file may have any number of them."""
    digits = (each.lstrip("0") for each in version.split("."))
    return tuple((len(each), each) for each in digits)
