"""Copies that kill themselves, each at another instant.

    python -m tests.operations.killed_copy FROM_URL TO_URL INSTANT...

Run by test_store_copy.py. Prints for each instant the signal that ended the copy, and why a hub then refuses the
target. Each copy is a process of its own, forked from this one before it has any thread or connection.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC, datetime

from gateway.domain.errors import Misconfigured
from gateway.operations.ledger_export import StoreVerdict, verify_store
from gateway.operations.store_copy import copy_store
from gateway.store.engine import open_engine
from gateway.store.reading import Reader
from gateway.store.schema import prepare
from gateway.store.vault import Vault
from tests.store.versions.load import master, note_key

INSTANTS = ("copy 0", "copy 40", "compare 0", "ledger 0", "finish 0")
"""When a step has done at least so much."""


def copy_until(source: str, target: str, instant: str) -> None:
    """Copy, and be killed at an instant."""
    wanted, least = instant.split()

    def kill(step: str, done: int, _total: int) -> None:
        if step == wanted and done >= int(least):
            os.kill(os.getpid(), signal.SIGKILL)

    def verify(reader: Reader, progress: object) -> StoreVerdict:
        return verify_store(reader, Vault(reader, master(), bytes), note_key().verifier)

    copy_store(
        open_engine(source, connections=4),
        open_engine(target, connections=4),
        at=datetime(2026, 3, 2, 4, 0, tzinfo=UTC),
        verify=verify,
        progress=kill,
    )


def refused_for(target: str) -> str:
    """Why a hub would not start on the target; empty when it would."""
    engine = open_engine(target, connections=4)
    try:
        prepare(engine)
    except Misconfigured as refused:
        return refused.code
    finally:
        engine.dispose()
    return ""


def main(source: str, target: str, *instants: str) -> None:
    """Be killed at each of these instants, one after the other, on the same two stores."""
    said = []
    for instant in instants:
        child = os.fork()
        if child == 0:
            copy_until(source, target, instant)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        said.append({"instant": instant, "signal": status & 0x7F, "refused": refused_for(target)})
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
