"""`simojo evidence`: a bundle of all that proves one exchange or one case (Pasal 22(4))."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.app import evidence_of
from gateway.app.identity import hub_key
from gateway.cli.opening import ACTOR, opened
from gateway.domain.errors import Malformed
from gateway.exchange.plugins import load_adapters
from gateway.machine import now
from gateway.operations.evidence.desk import Unmasking
from gateway.validation.library import SchemaLibrary, default_roots

app = typer.Typer(no_args_is_help=True)

Out = Annotated[Path, typer.Option("-o", "--output", help="where to write the bundle (.asice)")]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="as it is; needs --reason, which is recorded")]
Reason = Annotated[str | None, typer.Option(help="why unmasked data is needed; the ledger keeps it (Pasal 10)")]


@app.command()
def exchange(
    exchange: Annotated[str, typer.Argument(help="the exchange's id")],
    output: Out,
    *,
    unmasked: Unmasked = False,
    reason: Reason = None,
) -> None:
    """Write the evidence of one exchange; personal data is masked unless a reason is given."""
    _write("exchange", exchange, output, unmasking(reason, unmasked=unmasked))


@app.command()
def case(
    case: Annotated[str, typer.Argument(help="the case's id")],
    output: Out,
    *,
    unmasked: Unmasked = False,
    reason: Reason = None,
) -> None:
    """Write the evidence of a case, with all its exchanges; personal data is masked unless a reason is given."""
    _write("case", case, output, unmasking(reason, unmasked=unmasked))


def unmasking(reason: str | None, *, unmasked: bool) -> Unmasking | None:
    """What the two options mean together; None: masked. Raises Malformed `reason-missing`."""
    if unmasked != (reason is not None):
        raise Malformed(
            "--unmasked and --reason belong together: neither goes without the other", code="reason-missing"
        )
    return None if reason is None else Unmasking(actor=ACTOR, reason=reason)


def _write(kind: str, name: str, output: Path, unmasking: Unmasking | None) -> None:
    adapters = load_adapters()
    library = SchemaLibrary(default_roots(adapters.values()))
    with opened() as store:
        desk = evidence_of(store, hub_key(store.settings), library=library, adapters=adapters, clock=now)
        subject = desk.subject(kind, name)
        part = output.with_suffix(output.suffix + ".part")
        try:
            with part.open("w+b") as sink:
                part.chmod(0o600)
                desk.export(subject, sink, unmasking)
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)
    print(f"wrote {output}: {'masked' if unmasking is None else 'unmasked; the read is recorded'}")
