"""`simojo agency`: what staff keep about agencies."""

from __future__ import annotations

import base64
import binascii
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.opening import ACTOR, opened
from gateway.domain.errors import Refused
from gateway.exchange.plugins import load_adapters
from gateway.operations.registry import require_known
from gateway.trust.certificates import Use, load_certificate
from gateway.trust.keys import fingerprint

app = typer.Typer(no_args_is_help=True)

Agency = Annotated[str, typer.Argument(help="the agency's short id, such as dpupr")]
PemFile = Annotated[Path, typer.Argument(help="its certificate, PEM or DER", exists=True, dir_okay=False)]


@app.command("list")
def list_() -> None:
    """List the agencies, and why one is suspended."""
    with opened() as store:
        for row in store.reader.agencies():
            print(f"{row.id:12} {row.kind:10} {row.suspended or 'may exchange'}")


@app.command()
def endpoint(
    agency: Agency,
    url: Annotated[str, typer.Argument(help="where it listens; the interaction's path is appended")],
    interaction: Annotated[str, typer.Option(help="for this interaction alone, as the whole URL")] = "*",
) -> None:
    """Set where an agency listens."""
    require_known(load_adapters().get(agency), agency)
    with opened() as store:
        store.registry.set_endpoint(agency, url, ACTOR, interaction)
    print(f"{agency} listens at {url}")


@app.command()
def credential(agency: Agency, name: Annotated[str, typer.Argument(help="such as client_secret")]) -> None:
    """Set a secret of an agency's profile; it is read from standard input and sealed."""
    require_known(load_adapters().get(agency), agency)
    secret = sys.stdin.readline().rstrip("\r\n")
    if not secret:
        raise Refused("the secret is read from standard input, and nothing came", code="credential-empty")
    with opened() as store:
        store.registry.set_credential(agency, name, secret, ACTOR)
    print(f"credential {name} of {agency} is set")


@app.command()
def challenge(agency: Agency, certificate: PemFile) -> None:
    """Write the text that the agency signs to prove that it holds the certificate's key.

    The agency: openssl dgst -sha256 -sign key.pem challenge.txt > proof.bin
    """
    require_known(load_adapters().get(agency), agency)
    with opened() as store:
        text = store.registry.challenge(agency, load_certificate(certificate.read_bytes()), secrets.token_hex(16))
    sys.stdout.write(text.decode())


@app.command()
def certify(
    agency: Agency,
    certificate: PemFile,
    challenge_file: Annotated[Path, typer.Argument(help="the text from `simojo agency challenge`", exists=True)],
    proof: Annotated[Path, typer.Argument(help="the agency's signature over it, binary or base64", exists=True)],
    use: Annotated[list[Use], typer.Option(help="what it is used for; may be given again")] = [Use.SIGN],  # noqa: B006 - typer reads it and hands out a copy
) -> None:
    """Register a certificate, with the agency's proof that it holds its key."""
    require_known(load_adapters().get(agency), agency)
    signature = _signature(proof.read_bytes())
    found = load_certificate(certificate.read_bytes())
    with opened() as store:
        store.registry.register_certificate(
            agency, found, challenge_file.read_bytes(), signature, ACTOR, frozenset(use)
        )
    print(f"certificate {fingerprint(found)} is registered for {agency}")


@app.command()
def revoke(
    certificate: Annotated[str, typer.Argument(help="its SHA-256 fingerprint, in hex")],
    reason: Annotated[str, typer.Option(help="why; kept on record")],
) -> None:
    """Trust a certificate no longer, from now on."""
    with opened() as store:
        store.registry.revoke_certificate(certificate.lower(), reason, ACTOR)
    print(f"certificate {certificate} is revoked")


def _signature(given: bytes) -> bytes:
    """A signature as openssl writes it, or that in base64 with line breaks."""
    try:
        return base64.b64decode(b"".join(given.split()), validate=True)
    except binascii.Error:
        return given
