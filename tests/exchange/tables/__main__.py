"""Print the tables as they stand in docs/dialects-<agency>.md."""

from __future__ import annotations

import sys

from tests.exchange.tables.all import TABLES
from tests.exchange.tables.row import markdown

for agency, parts in TABLES.items():
    for title, rows in parts.items():
        sys.stdout.write(f"{agency}: {title}\n\n{markdown(rows)}\n")
