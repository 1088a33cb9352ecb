"""The tables as docs/dialects.md has them, each between the two comments that bear its name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.exchange.dialects import djp, dukcapil, oss, oss_nib
from tests.exchange.dialects.fault import Heard, Reply

PAGE = Path(__file__).parents[3] / "docs" / "dialects.md"

TABLES: Mapping[str, Sequence[Reply | Heard]] = {
    "dukcapil": dukcapil.OUT,
    "djp": djp.OUT,
    "oss, statuses": oss.OUT,
    "oss, inqueryNIB": oss.NUMBERS,
    "oss, receiveNIB": oss_nib.IN,
}


def table(rows: Sequence[Reply | Heard]) -> str:
    """A table in Markdown, a row for each fault."""
    lines = ["| fault | on the wire | the hub | staff |", "|---|---|---|---|"]
    lines += [f"| {each.name} | {each.wire} | {each.hub} | {each.staff} |" for each in rows]
    return "\n".join(lines)


def with_tables(text: str) -> str:
    """The page with its tables as they are now. Raises KeyError for a table that nobody has."""

    def written(match: re.Match[str]) -> str:
        return f"{match[1]}\n{table(TABLES[match[2]])}\n{match[3]}"

    return re.sub(r"(<!-- table: (.+?) -->)\n.*?(<!-- end -->)", written, text, flags=re.DOTALL)
