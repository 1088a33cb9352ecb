"""`simojo-conformance witness`: one witness, which takes checkpoints, or fetches them, or does both."""

from __future__ import annotations

import os
import ssl
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from conformance.notes import NotAKey, NotANote, NotSigned, VerifierKey, is_name, read_key
from conformance.witness.judge import Contradiction, OtherLedger, Witness
from conformance.witness.memory import Memory
from conformance.witness.server import make_server
from conformance.witness.visiting import TIMEOUT_S, HubFailed, visit
from gateway.domain.errors import GatewayError

CONTRADICTED, FAILED = 1, 2


def witness(
    folder: Annotated[Path, typer.Argument(help="its folder: key, last checkpoint, evidence; made when missing")],
    name: Annotated[str, typer.Option(help="the name of its key, such as saksi.dpupr.example")],
    ledger_key: Annotated[
        list[str],
        typer.Option(
            help="the ledger's verifier key, as `simojo ledger key` prints it; again for the next one, before it signs"
        ),
    ],
    port: Annotated[int | None, typer.Option(help="take checkpoints on this port (add-checkpoint)")] = None,
    host: Annotated[str, typer.Option(help="the address to listen on")] = "127.0.0.1",
    hub: Annotated[str | None, typer.Option(help="fetch them from this hub, and bring the co-signature there")] = None,
    every: Annotated[float, typer.Option(min=1, help="seconds between two visits")] = 60.0,
    *,
    once: Annotated[bool, typer.Option("--once", help="visit once; exit 1 when the ledger contradicts itself")] = False,
    ca_file: Annotated[
        Path | None, typer.Option(help="authorities of the hub's server, PEM, if not known here")
    ] = None,
) -> None:
    """Co-sign a ledger's checkpoints as long as it only grows; refuse loudly, and keep the evidence, when it does not.

    Without --port and --hub it prints its verifier key for the staff of the hub, and ends.
    """
    try:
        ledger = _keys(ledger_key)
        memory = Memory(folder.resolve())
        key = memory.key(_fit(name), os.urandom)
        judge = Witness(memory, key, ledger, lambda: datetime.now(UTC), _say)
        trusted = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        server = None if port is None else make_server(judge, host, port, _say)
    except (GatewayError, NotAKey, OSError) as fault:
        _say(f"simojo-conformance: {fault}")
        raise typer.Exit(FAILED) from fault
    if server is None and hub is None:
        print(key.verifier)
        return
    _say(f"witness {key.verifier} of {ledger[0].name}: {judge.size} leaves co-signed so far")
    if server is not None:
        print(f"ready http://{host}:{server.server_address[1]}", flush=True)
        if hub is None:
            server.serve_forever()
            return
        threading.Thread(target=server.serve_forever, name="witness", daemon=True).start()
    with httpx2.Client(trust_env=False, timeout=TIMEOUT_S, verify=trusted) as client:
        while True:
            code = _visited(judge, client, hub or "")
            if once:
                raise typer.Exit(code)
            threading.Event().wait(every)


def _visited(judge: Witness, client: httpx2.Client, hub: str) -> int:
    try:
        found = visit(judge, client, hub)
    except Contradiction:
        return CONTRADICTED  # said already, with its evidence
    except (HubFailed, NotANote, NotSigned, OtherLedger) as fault:
        _say(f"nothing co-signed: {fault}")
        return FAILED
    _say(f"co-signed {found.size} leaves" if found else "the ledger is empty yet")
    return 0


def _keys(said: list[str]) -> tuple[VerifierKey, ...]:
    keys = tuple(read_key(each) for line in said for each in line.split())
    names = sorted({each.name for each in keys})
    if len(names) != 1:
        raise NotAKey(f"keys of one ledger are needed, and these are of {' and '.join(names) or 'none'}")
    return keys


def _fit(name: str) -> str:
    if not is_name(name):
        raise NotAKey(f"{name!r} cannot name a key: it is not empty and has no space and no plus")
    return name


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
