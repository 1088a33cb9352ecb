"""`simojo hub`: the hub's own key and certificates."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gateway.app.identity import held_certificates, hub_operations
from gateway.settings import load_settings
from gateway.trust.keys import fingerprint

app = typer.Typer(no_args_is_help=True)


@app.command()
def csr(
    organisation: Annotated[str, typer.Option(help="O of the subject")] = "",
    country: Annotated[str, typer.Option(help="C of the subject")] = "ID",
    name: Annotated[str, typer.Option(help="CN of the subject; unset: SIMOJO_HUB_ID")] = "",
) -> None:
    """Write a request for a certificate of the signing key (PKCS #10, PEM), also of one that lives in a token."""
    from gateway.trust.csr import certificate_request

    settings = load_settings()
    subject = {"country_name": country, "organization_name": organisation, "common_name": name or settings.hub_id}
    request = certificate_request(hub_operations(settings), {word: said for word, said in subject.items() if said})
    sys.stdout.write(request.decode())


@app.command()
def certificates() -> None:
    """List the certificates that the settings name: previous, current, next, authorities of agencies, of signers."""
    for each in held_certificates(load_settings()):
        certificate = each.certificate
        ends = f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"
        print(f"{each.role.value:10} {fingerprint(certificate)}  {ends}  {certificate.subject.rfc4514_string()}")
