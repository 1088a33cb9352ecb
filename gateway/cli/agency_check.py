"""`simojo agency check` and `explain`: why an agency's exchanges fail, found without a business message."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.app.identity import hub_key
from gateway.cli.opening import opened
from gateway.domain.errors import Malformed
from gateway.edge.mistake_titles import finding_title
from gateway.exchange.checking import check_agreement
from gateway.exchange.directory import Directory
from gateway.exchange.plugins import load_adapters
from gateway.machine import now
from gateway.operations.agency_check import AgencyCheck, Line
from gateway.operations.registry import require_known
from gateway.settings import Settings, load_settings
from gateway.transport.probe import Prober, reached_at
from gateway.transport.sight import Verdict
from gateway.trust.diagnosis import Finding, explain_envelope, explain_jws
from gateway.validation.library import SchemaLibrary, default_roots

_EVERY = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, and not bound
Agency = Annotated[str, typer.Argument(help="the agency's short id, such as dpupr")]


def check(
    agency: Agency,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON array in place of lines")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="look at no endpoint")] = False,
    ca_file: Annotated[
        Path | None, typer.Option(help="authorities of the agency's server, PEM; else as set", exists=True)
    ] = None,
) -> None:
    """Say whether everything is in place to exchange with an agency; exit 1 when something failed."""
    settings = load_settings()
    adapters = load_adapters()
    adapter = require_known(adapters.get(agency), agency)
    library = SchemaLibrary(default_roots(adapters.values()))
    prober = Prober(
        monotonic=time.monotonic,
        now=now,
        ca_file=ca_file or settings.outbound_ca_file,
        certificate_file=settings.tls_client_certificate_file,
        key_file=settings.tls_client_key_file,
        own=_own(settings),
    )
    with opened() as store:
        directory = Directory(store.reader, store.vault, adapters)
        found = AgencyCheck(
            reader=store.reader,
            library=library,
            party=directory.party,
            endpoint=directory.endpoint,
            differences=lambda one, agreement: check_agreement(one, agreement, library),
            look=None if offline else prober.look,
            own=hub_key(settings).certificate,
            at=now(),
        ).run(adapter)
    if as_json:
        print(json.dumps([dataclasses.asdict(each) for each in found], ensure_ascii=False, indent=2))
    else:
        for each in found:
            print(_one_line(each))
    if any(each.verdict is Verdict.FAIL for each in found):
        raise typer.Exit(1)


def explain(
    agency: Agency,
    file: Annotated[Path, typer.Argument(help="the message as it was sent: an envelope, or a body", exists=True)],
    signature: Annotated[str | None, typer.Option(help="X-JWS-Signature of a body; @FILE reads it from there")] = None,
    interaction: Annotated[
        str | None, typer.Option(help="what `int` of a signature by JWS has to name, if it is to be checked")
    ] = None,
    at: Annotated[datetime | None, typer.Option(help="the hub's time when it came, UTC; now unless given")] = None,
    show_values: Annotated[bool, typer.Option("--show-values", help="unmask what differs")] = False,
) -> None:
    """Explain the signature of a message that is kept in a file: exit 0 when signature, certificate and time are right.

    Exit 1 when one of them would be refused. Whether the hub would take the message is more than that: what was not
    looked at stands in the last line. Nothing is kept or sent.
    """
    settings = load_settings()
    adapters = load_adapters()
    require_known(adapters.get(agency), agency)
    data = file.read_bytes()
    moment = now() if at is None else at.replace(tzinfo=now().tzinfo)
    with opened() as store:
        certificates = Directory(store.reader, store.vault, adapters).party(agency).certificates
    if signature is None:
        findings = explain_envelope(data, certificates, moment)
    else:
        field = _signature(signature)
        findings = explain_jws(
            field, data, certificates, moment, settings.hub_id, agency=agency, interaction=interaction
        )
    for each in findings:
        _print_finding(each, show_values=show_values)
    print(f"not looked at: {', '.join(_unseen(signature, interaction))}")
    if not all(each.passed for each in findings):
        raise typer.Exit(1)


def _unseen(signature: str | None, interaction: str | None) -> tuple[str, ...]:
    """What may be wrong with a message that this explanation says nothing about."""
    others = ("agreement", "schema", "address")
    return others if signature is not None and interaction is not None else (*others, "interaction")


def _own(settings: Settings) -> frozenset[tuple[str, int]]:
    """Where the hub itself is reached: by its public name, and where it listens."""
    hosts = {settings.host} if settings.host not in _EVERY else {"127.0.0.1", "::1", "localhost"}
    listens = {(host, settings.port) for host in hosts}
    with suppress(ValueError):
        return frozenset({reached_at(settings.public_url), *listens})
    return frozenset(listens)


def _one_line(line: Line) -> str:
    parts = [f"{line.verdict.value:5}{line.step:12} {line.found}"]
    if line.verdict is not Verdict.OK:
        parts += [f"expected: {line.expected}"] if line.expected else []
        parts += [f"do: {line.advice}"] if line.advice else []
    return " ".join("; ".join(parts).split("\n"))


def _print_finding(finding: Finding, *, show_values: bool) -> None:
    if finding.passed:
        print(f"ok   {finding.step:12} {finding.found}")
        return
    title = finding_title(finding)
    print(f"FAIL {finding.step:12} {title.english} ({title.indonesian})")
    for name, said in (("expected", finding.expected), ("came", finding.found), ("do", finding.advice)):
        if said:
            print(f"     {name}: {said}")
    if finding.difference is not None:
        for line in finding.difference.lines(masked=not show_values):
            print(f"     {line}")


def _signature(given: str) -> str:
    """The header field itself, or what stands in the file that `@` names."""
    if not given.startswith("@"):
        return given.strip()
    data = sys.stdin.buffer.read(65536) if given == "@-" else Path(given[1:]).read_bytes()
    try:
        return data.decode("ascii").strip()
    except UnicodeDecodeError as fault:
        raise Malformed("the file with the signature holds more than ASCII", code="signature-malformed") from fault
