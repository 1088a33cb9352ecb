"""`simojo evidence`: a bundle of all that proves one exchange or one case (Pasal 22(4))."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from gateway.app import Store, evidence_of
from gateway.app.identity import hub_key
from gateway.cli.opening import actor_of, opened
from gateway.domain.errors import Malformed, Refused
from gateway.exchange.plugins import load_adapters
from gateway.machine import now
from gateway.operations.evidence.desk import Unmasking
from gateway.validation.library import SchemaLibrary, default_roots

app = typer.Typer(no_args_is_help=True)

Out = Annotated[Path, typer.Option("-o", "--output", help="where to write the bundle (.asice)")]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="as it is; needs --reason and --by, which are recorded")]
Reason = Annotated[str | None, typer.Option(help="why unmasked data is needed; the ledger keeps it (Pasal 10)")]
Looker = Annotated[str | None, typer.Option("--by", help="the id of the member of staff who looks; with --unmasked")]
Force = Annotated[bool, typer.Option("--force", help="write over a file that is there")]


@app.command()
def exchange(
    exchange: Annotated[str, typer.Argument(help="the exchange's id")],
    output: Out,
    *,
    unmasked: Unmasked = False,
    reason: Reason = None,
    by: Looker = None,
    force: Force = False,
) -> None:
    """Write the evidence of one exchange; personal data is masked unless a reason is given."""
    _write("exchange", exchange, output, Look(unmasked, reason, by), force=force)


@app.command()
def case(
    case: Annotated[str, typer.Argument(help="the case's id")],
    output: Out,
    *,
    unmasked: Unmasked = False,
    reason: Reason = None,
    by: Looker = None,
    force: Force = False,
) -> None:
    """Write the evidence of a case, with all its exchanges; personal data is masked unless a reason is given."""
    _write("case", case, output, Look(unmasked, reason, by), force=force)


class Look(NamedTuple):
    """What the three options say together."""

    unmasked: bool
    reason: str | None
    by: str | None

    def unmasking(self, store: Store) -> Unmasking | None:
        """Who looks, and why; None: masked. Raises Malformed `reason-missing`, Refused `staff-unknown`."""
        if len({self.unmasked, self.reason is not None, self.by is not None}) > 1:
            raise Malformed(
                "--unmasked, --reason and --by belong together: none goes without the others", code="reason-missing"
            )
        if self.reason is None or self.by is None:
            return None
        return Unmasking(actor=actor_of(store, self.by), reason=self.reason)


def _write(kind: str, name: str, output: Path, look: Look, *, force: bool) -> None:
    if output.exists() and not force:
        raise Refused(f"{output} is there already: give another name, or --force to write over it", code="file-exists")
    adapters = load_adapters()
    library = SchemaLibrary(default_roots(adapters.values()))
    with opened() as store:
        unmasking = look.unmasking(store)
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
