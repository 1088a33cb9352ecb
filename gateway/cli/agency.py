"""`simojo agency`: what staff keep about agencies."""

from __future__ import annotations

import base64
import binascii
import secrets
import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.app.store import revocation_policy
from gateway.cli.opening import ACTOR, opened
from gateway.domain.errors import Refused
from gateway.exchange.plugins import load_adapters
from gateway.machine import now
from gateway.operations.expiry import certificate_of, gap_after, successor, usable
from gateway.operations.registration import Step
from gateway.operations.registry import require_known
from gateway.store.certificate_status import asked_about, lacks_chain
from gateway.store.reading import Reader
from gateway.store.tables import CertificateRow, CertificateStatusRow
from gateway.trust.certificate_files import load_certificate, load_chain
from gateway.trust.certificates import Use
from gateway.trust.keys import fingerprint

app = typer.Typer(no_args_is_help=True)

SHORTEST = 16
"""Digits of a fingerprint that are shown everywhere, and enough to name a certificate by."""

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
    adapter = require_known(load_adapters().get(agency), agency)
    declared = list(dict.fromkeys(each.name for each in adapter.interactions))
    if interaction not in {"*", *declared}:
        raise Refused(
            f"{agency} has no interaction {interaction[:64]!r}; it has {', '.join(declared)}",
            code="interaction-unknown",
        )
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
    use: Annotated[
        list[Use] | None, typer.Option(help="what it is used for; may be given again. Else: all that it allows")
    ] = None,
) -> None:
    """Register a certificate, with the agency's proof that it holds its key.

    Certificates between it and an authority follow it in the same PEM file.
    """
    require_known(load_adapters().get(agency), agency)
    signature = _signature(proof.read_bytes())
    found, *between = load_chain(certificate.read_bytes())
    uses = frozenset(use) if use else None
    with opened() as store:
        done = store.registry.register_certificate(
            agency, found, challenge_file.read_bytes(), signature, ACTOR, uses, between
        )
        warnings = _warnings(store.reader, agency, fingerprint(found))
    uses_now = ", ".join(sorted(done.uses))
    told = {
        Step.REGISTERED: f"is registered for {agency}",
        Step.CHANGED: f"was registered for {agency} already: uses and chain are brought up to date (uses: {uses_now})",
        Step.UNCHANGED: f"was registered for {agency} already: nothing changed (uses: {uses_now})",
    }[done.step]
    print(f"certificate {done.fingerprint} {told}")
    for each in warnings:
        print(f"warning: {each}", file=sys.stderr)


@app.command()
def certificates(agency: Agency) -> None:
    """List an agency's certificates: use, validity, what its authority says, and which one follows."""
    require_known(load_adapters().get(agency), agency)
    with opened() as store:
        rows = store.reader.certificates(agency)
        statuses = store.reader.certificate_statuses()
        authorities = revocation_policy(store.settings).authorities
        at = now()
        for row in rows:
            print(_listed(row, rows, statuses, at, authorities))
    if not rows:
        print(f"no certificate of {agency} is registered")


@app.command()
def revoke(
    certificate: Annotated[str, typer.Argument(help="its SHA-256 fingerprint in hex, or at least its first 16 digits")],
    reason: Annotated[str, typer.Option(help="why; kept on record")],
) -> None:
    """Trust a certificate no longer, from now on."""
    with opened() as store:
        found = _whole(store.reader, certificate.lower())
        store.registry.revoke_certificate(found, reason, ACTOR)
    print(f"certificate {found} is revoked")


def _whole(reader: Reader, given: str) -> str:
    """The one registered fingerprint that begins with these digits, or what was given.

    Raises Refused `fingerprint-short`, `fingerprint-ambiguous`.
    """
    if len(given) < SHORTEST:
        raise Refused(
            f"{len(given)} digits are too few to name a certificate: give at least the first {SHORTEST}",
            code="fingerprint-short",
        )
    fitting = [row.fingerprint for row in reader.all_certificates() if row.fingerprint.startswith(given)]
    if len(fitting) > 1:
        raise Refused(
            f"{len(fitting)} certificates begin with {given}: give more digits (`simojo agency certificates`)",
            code="fingerprint-ambiguous",
        )
    return fitting[0] if fitting else given


def _signature(given: bytes) -> bytes:
    """A signature as openssl writes it, or that in base64 with line breaks."""
    try:
        return base64.b64decode(b"".join(given.split()), validate=True)
    except binascii.Error:
        return given


def _warnings(reader: Reader, agency: str, registered: str) -> list[str]:
    """What staff read after registering: a hole between this certificate and another, an authority that is silent."""
    at, rows = now(), reader.certificates(agency)
    mine = next(row for row in rows if row.fingerprint == registered)
    found = [
        f"{use}: {before.fingerprint[:16]} ends before this one begins: nobody can use either in between"
        for use in mine.uses.split()
        for before in rows
        if before.revoked_at is None and use in before.uses.split()
        if successor(before, rows, Use(use)) is mine and (gap_after(before, rows, Use(use)) or "")
    ]
    begins = certificate_of(mine).not_valid_before_utc
    if begins > at and not any(usable(row, at) for row in rows):
        found.append(f"it is valid only from {begins:%Y-%m-%d %H:%M} UTC, and no other is valid until then")
    statuses = reader.certificate_statuses(asked_about(mine))
    found += [f"not known whether it was revoked: {each.fault}" for each in statuses.values() if each.fault]
    return found


def _listed(
    row: CertificateRow,
    rows: Sequence[CertificateRow],
    statuses: Mapping[str, CertificateStatusRow],
    at: datetime,
    authorities: Collection[str],
) -> str:
    certificate = certificate_of(row)
    ends = f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"
    follows = [
        f"{use} by {after.fingerprint[:16]}"
        for use in row.uses.split()
        if (after := successor(row, rows, Use(use))) is not None and row.revoked_at is None
    ]
    followed = f"followed for {', '.join(follows)}" if follows else "followed by none"
    words = [statuses.get(each) for each in asked_about(row)]
    return f"{row.fingerprint}  {row.uses:16}  {ends}  {_state(row, words, at, authorities)}  {followed}"


def _state(
    row: CertificateRow, words: Sequence[CertificateStatusRow | None], at: datetime, authorities: Collection[str]
) -> str:
    """One phrase, the gravest first."""
    if row.revoked_at is not None:
        return f"revoked {row.revoked_at:%Y-%m-%d} ({row.revoked_because})"
    known = [each for each in words if each is not None]
    for word in known:
        if word.revoked_at is not None:
            return f"revoked by its authority {word.revoked_at:%Y-%m-%d}"
    if not usable(row, at):
        return "not yet valid" if at < certificate_of(row).not_valid_before_utc else "expired"
    if lacks_chain(row, authorities):
        return "no chain to a configured authority"
    if not words:
        return "trusted as registered"
    until = [each.next_update for each in known if each.next_update is not None]
    if len(until) < len(words) or min(until) < at:
        return "chained, status not known"
    return f"chained, good until {min(until):%Y-%m-%d %H:%M}"
