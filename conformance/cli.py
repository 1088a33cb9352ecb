"""`simojo-conformance`: the harness and the simulated agencies on the command line."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from conformance.peers.config import HUB, SECRETS, load_config, make_config
from conformance.peers.peer import Surroundings
from conformance.receipts.command import Authorities, Need, WitnessKeys, trusted_of, verify_receipt
from conformance.witness.command import witness
from gateway.domain.errors import GatewayError, Misconfigured, Tampered

EXIT_BROKEN = 1
EXIT_MISCONFIGURED = 2
EXIT_NOT_COMPARED = 3
EXIT_OTHER_KEY = 4

Home = Annotated[
    Path | None, typer.Option(help="the agency's folder, with config.json in it; else ./agencies/<agency>")
]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Simulated agencies for the SIMOJO gateway, and proofs."
)
app.command("verify-receipt")(verify_receipt)
app.command()(witness)


@app.command()
def serve(
    agency: Annotated[
        str, typer.Argument(help=f"one of {', '.join(SECRETS)}, or any agency whose adapter is installed")
    ],
    home: Home = None,
    host: Annotated[str, typer.Option(help="the address to listen on")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="the port to listen on, in the place of config.json's")] = None,
    *,
    hub: Annotated[str | None, typer.Option(help=f"for a folder that is made: the hub's URL, else {HUB}")] = None,
    hub_certificate: Annotated[
        Path | None, typer.Option(help="for a folder that is made: the hub's certificate, PEM, else fetched from it")
    ] = None,
    adapter: Annotated[
        str | None, typer.Option(help="module:NAME of the adapter whose agreement is played, if not the installed one")
    ] = None,
    stay: Annotated[bool, typer.Option("--stay", help="go on when stdin ends (for a person in a terminal)")] = False,
) -> None:
    """Run one simulated agency until its parent closes stdin, or until SIGTERM.

    A folder that is not there is made, with key, certificate and random secrets; what staff then type on the hub is
    printed, and kept in its register.sh.
    """
    from conformance.peers.process import open_peer, peer_of
    from conformance.peers.process import serve as serve_peer
    from conformance.peers.registering import staff_commands

    if not host.startswith("127.") and host != "localhost":
        print("warning: a simulated agency signs whatever it is asked to; keep it on loopback", file=sys.stderr)
    surroundings = Surroundings(clock=lambda: datetime.now(UTC), elapsed=time.monotonic, new_id=lambda: str(uuid4()))
    try:
        make = peer_of(agency, adapter)
        folder = _folder(home, agency)
        made = make_config(folder, agency, hub=hub, hub_certificate=hub_certificate, port=port)
        opened = open_peer(make, folder, load_config(folder, agency), surroundings, host=host, port=port)
    except GatewayError as fault:
        raise _ended(fault) from fault
    if made:
        _say(f"{folder} is made. Staff type on the hub, or run its register.sh there:")
        for each in staff_commands(opened.peer, opened.url):
            _say(f"  {each}")
    for each in opened.told:
        _say(each)
    serve_peer(opened, until_stdin_ends=not stay)


@app.command()
def secret(
    agency: Annotated[str, typer.Argument(help="whose folder it is")],
    name: Annotated[str, typer.Argument(help="which secret, such as client_secret")],
    home: Home = None,
) -> None:
    """Print a secret that a simulated agency shares with the hub, for `simojo agency credential` to read."""
    try:
        found = load_config(_folder(home, agency), agency).secrets
        if name not in found:
            raise Misconfigured(f"{agency} has no secret {name!r}, it has {', '.join(found) or 'none'}")
    except GatewayError as fault:
        raise _ended(fault) from fault
    print(found[name])


@app.command("verify-evidence")
def verify_evidence(
    file: Annotated[Path, typer.Argument(help="the bundle (.asice)")],
    hub_certificate: Annotated[
        Path | None, typer.Option(help="the hub's certificate that you trust, PEM; without it the bundle names its own")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            "--ledger-key",
            help="the ledger's verifier key that you trust, name+id+base64 or a file; repeat it after a roll-over",
        ),
    ] = None,
    witness: WitnessKeys = None,
    need: Need = None,
    tsa: Authorities = None,
) -> None:
    """Judge an evidence bundle, with no network. Exit 0 whole, 1 broken, 2 no bundle, 3 whole by an unknown signer.

    4: it agrees with itself, and another ledger key has signed it than those of --key: check the key.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    from conformance.evidence.faults import EvidenceBroken, NoEvidence, OtherKey
    from conformance.evidence.verdict import judge

    try:
        pinned = None
        if hub_certificate is not None:
            pinned = x509.load_pem_x509_certificate(hub_certificate.read_bytes()).fingerprint(SHA256()).hex()
        trusted = trusted_of(
            keys=key or [], certificate=pinned, witnesses=witness or [], need=need, authorities=tsa or []
        )
        verdict = judge(file, trusted)
    except EvidenceBroken as broken:
        print(f"TIDAK SAH: {broken.indonesian}.")
        print(f"BROKEN: {broken.english}.")
        raise typer.Exit(EXIT_BROKEN) from None
    except OtherKey as other:
        print(f"KUNCI LAIN: {other.where} ditandatangani kunci lain daripada yang diberikan: periksa kuncinya.")
        print(f"ANOTHER KEY: {other.where} is signed by another key than the one given: check the key.")
        print(
            "  Bukti ini cocok dengan dirinya sendiri, dan itu saja tidak membuktikan apa pun. / It agrees with itself,"
        )
        print(f"  which alone proves nothing. {other.detail}")
        raise typer.Exit(EXIT_OTHER_KEY) from None
    except (NoEvidence, OSError, ValueError) as fault:
        print(f"BUKAN BUKTI: berkas ini tidak dapat diperiksa. / NO EVIDENCE: {fault}")
        raise typer.Exit(EXIT_MISCONFIGURED) from None
    for line in verdict.sentences():
        print(line)
    if not verdict.is_pinned:
        raise typer.Exit(EXIT_NOT_COMPARED)


@app.command("verify-permit")
def verify_permit(
    scanned: Annotated[str, typer.Argument(help="what the QR code says: the whole address, or what follows ?s=")],
    keys: Annotated[Path, typer.Option(help="the hub's public keys of permits, as its /periksa/kunci shows them")],
) -> None:
    """Check with no network that the office signed what a permit's QR code says; whether it still stands, ask the hub.

    Exit status 0: signed by the office; 1: forged, or of another permit; 2: not readable.
    """
    from conformance.permit_statement import verify_permit as verify

    try:
        found = verify(scanned, keys.read_text(encoding="utf-8"))
    except Tampered as fault:
        _say(f"simojo-conformance: {fault.text}")
        raise typer.Exit(1) from fault
    except OSError as fault:
        raise _ended(Misconfigured(f"{keys} cannot be read: {fault.strerror}")) from fault
    except GatewayError as fault:
        raise _ended(fault) from fault
    print(f"number   {found.number}\nservice  {found.service}\ndate     {found.day.isoformat()}")
    print("signed by the office; compare with the paper, and ask the check page whether it still stands")


def _folder(home: Path | None, agency: str) -> Path:
    return (home or Path("agencies") / agency).resolve()


def _say(text: str) -> None:
    # stdout is for the parent, which waits for `ready`
    print(text, file=sys.stderr, flush=True)


def _ended(fault: GatewayError) -> typer.Exit:
    _say(f"simojo-conformance: {fault.text}")
    return typer.Exit(EXIT_MISCONFIGURED)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
