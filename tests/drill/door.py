"""`simojo ledger verify` as whoever tests the ledger calls it: the command, its words and its exit code."""

from __future__ import annotations

import base64
import io
import os
import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from sqlalchemy import Engine

from gateway.cli import main
from tests.operations.ledgers import ORIGIN

KEY = base64.b64encode(bytes(range(32))).decode()
"""The office's master key and the seed of its ledger's key (`tests.operations.ledgers`)."""

WHOLE, DAMAGED = 0, 1
_DAMAGE = re.compile(r"ledger is damaged: (.*) \[([a-z-]+)\]", re.DOTALL)
_FIRST = re.compile(r"^  first +lea(?:f|ves) ([0-9]+)(?: to ([0-9]+))?$", re.MULTILINE)


@dataclass(frozen=True)
class Said:
    """What the command said: its exit code, the text and the code of the damage, and the leaves that it names."""

    exit: int
    out: str

    @property
    def damage(self) -> tuple[str, str]:
        """The sentence and its code; both empty where no damage is told."""
        found = _DAMAGE.search(self.out)
        return (found[1], found[2]) if found else ("", "")

    @property
    def leaves(self) -> range:
        """The leaves that are named; none where none are."""
        found = _FIRST.search(self.out)
        return range(int(found[1]), int(found[2] or found[1]) + 1) if found else range(0)


def verify(engine: Engine, home: Path, held: Sequence[Path] = ()) -> Said:
    """Verify a store whole, with every stored byte, against the files that are held of it. `home` is any folder."""
    (home / "ledger.key").write_text(KEY)
    own = {name: value for name, value in os.environ.items() if not name.startswith("SIMOJO_")}
    own |= {
        "SIMOJO_DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "SIMOJO_MASTER_KEY": KEY,
        "SIMOJO_LEDGER_KEY_FILE": str(home / "ledger.key"),
        "SIMOJO_LEDGER_ORIGIN": ORIGIN,
    }
    words = ["simojo", "ledger", "verify", *(word for each in held for word in ("--held", str(each)))]
    out = io.StringIO()
    with (
        mock.patch.dict(os.environ, own, clear=True),
        mock.patch.object(sys, "argv", words),
        redirect_stdout(out),
        redirect_stderr(out),
    ):
        try:
            main()
        except SystemExit as ended:
            return Said(ended.code if isinstance(ended.code, int) else 0, out.getvalue())
    raise AssertionError("the command did not end")
