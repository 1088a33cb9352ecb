"""`simojo-conformance verify-receipt`: no network, no database, nothing but the files that are named."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from conformance.receipts.certificate import read_certificate
from conformance.receipts.damage import Damaged
from conformance.receipts.judge import Trusted, Verdict, judge
from conformance.receipts.note import read_key
from conformance.receipts.saying import CONSISTENT, DAMAGED, DIFFERS, LANGUAGES, PROVEN, account, data_of, outcome
from conformance.receipts.witnessing import read_witness_key
from conformance.receipts.words import WORDS

WitnessKeys = Annotated[
    list[str] | None,
    typer.Option(help="a witness's verifier key as you got it elsewhere, or a file; may be repeated"),
]
Need = Annotated[int | None, typer.Option(help="of how many --witness the co-signature is needed; all, if not said")]
Authorities = Annotated[
    list[Path] | None,
    typer.Option(help="PEM of the timestamp authority's certificate or of who issues it; may be repeated"),
]

EXITS = {PROVEN: 0, DAMAGED: 1, DIFFERS: 1, CONSISTENT: 3}
"""2 is for a command that cannot be followed. A receipt that only agrees with itself is not 0, so that no script takes
it for proven."""


def verify_receipt(
    file: Annotated[Path, typer.Argument(help="the receipt", exists=True, dir_okay=False, readable=True)],
    part: Annotated[
        list[str] | None,
        typer.Option(help="name=FILE: the exact bytes of a part, such as request=asked.json; may be repeated"),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="the ledger's verifier key as you got it elsewhere, name+id+base64 or a file; may be repeated"
        ),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(help="the hub's certificate as you got it elsewhere, PEM", exists=True, dir_okay=False),
    ] = None,
    witness: WitnessKeys = None,
    need: Need = None,
    tsa: Authorities = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="the verdict for programs")] = False,
) -> None:
    """Verify a receipt of an exchange with nothing but the receipt: no network, no database, none of the hub's code.

    Exit 0: proven under the key of --key. 3: it agrees with itself, and its key is not confirmed. 1: damaged, or
    something given differs. 2: the command cannot be followed.
    """
    trusted = trusted_of(
        keys=key or [],
        certificate=_fingerprint(certificate) if certificate is not None else None,
        witnesses=witness or [],
        need=need,
        authorities=tsa or [],
    )
    verdict = _judged(file.read_bytes(), trusted, _parts(part or []))
    if as_json:
        print(json.dumps(data_of(verdict), ensure_ascii=False, indent=2))
    else:
        print("\n\n".join(_text(verdict, language) for language in LANGUAGES))
    raise typer.Exit(EXITS[outcome(verdict)])


def trusted_of(
    *,
    keys: Sequence[str],
    certificate: str | None,
    witnesses: Sequence[str],
    need: int | None,
    authorities: Sequence[Path],
) -> Trusted:
    """What the words of a command trust. Raises BadParameter for what is no key or no certificate."""
    trusted = Trusted(
        keys=[key for each in keys for key in _keys(each, "--key", read_key)],
        certificate=certificate,
        witnesses=[key for each in witnesses for key in _keys(each, "--witness", read_witness_key)],
        need=need,
        authorities=[certificate for path in authorities for certificate in _certificates(path)],
    )
    if need is not None and not 1 <= need <= len(set(trusted.witnesses)):
        raise typer.BadParameter(f"--need {need}: from 1 to as many as --witness is given")
    return trusted


def _judged(data: bytes, trusted: Trusted, parts: dict[str, bytes]) -> Verdict | Damaged:
    try:
        return judge(data, trusted, parts)
    except Damaged as damaged:
        return damaged


def _keys(said: str, option: str, read: Callable[[str], object]) -> list[str]:
    """The keys themselves, or those of a file. A key has two plus signs or more, and then 44 characters of base64."""
    try:
        keys = (said if said.count("+") >= 2 else Path(said).read_text("utf-8")).split()
        for each in keys:
            read(each)
    except (OSError, UnicodeDecodeError, Damaged) as fault:
        raise typer.BadParameter(f"{option} is no key (name+id+base64) of that kind and no file: {fault}") from fault
    return keys


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as fault:
        raise typer.BadParameter(f"--tsa {path}: not PEM of X.509 certificates") from fault


def _fingerprint(path: Path) -> str:
    try:
        return read_certificate(path.read_text("utf-8")).sha256
    except (OSError, UnicodeDecodeError, Damaged) as fault:
        raise typer.BadParameter(f"--certificate {path}: not PEM of an X.509 certificate") from fault


def _parts(said: Sequence[str]) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    for each in said:
        name, equals, path = each.partition("=")
        if not (name and equals and path) or name in parts:
            raise typer.BadParameter(f"--part {each}: write name=FILE, each name once")
        try:
            parts[name] = Path(path).read_bytes()
        except OSError as fault:
            raise typer.BadParameter(f"--part {each}: {fault}") from fault
    return parts


def _text(verdict: Verdict | Damaged, language: str) -> str:
    words, said = WORDS[language], account(verdict, language)
    lines = [said.headline]
    if said.proven:
        lines += [f"{words['is'] if outcome(verdict) == PROVEN else words['would']}:", *_items(said.proven)]
    lines += [f"{words['why'] if isinstance(verdict, Damaged) else words['not']}:", *_items(said.not_proven)]
    return "\n".join(lines)


def _items(said: Sequence[str]) -> list[str]:
    return [f"  - {each}" for each in said]
