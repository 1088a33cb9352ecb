"""Files that are held against payments, at a hub of a test: the bank's settlement, BPKPD's books."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from conformance.signing import jws
from conformance.signing.keys import Identity
from gateway.domain.calendar import JAKARTA
from tests.exchange import pasar, voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who sends: the agency with its key, its interaction, and the version under which it does."""

    agency: str
    identity: Identity
    interaction: str
    agreement: str


BANK = Sender(
    agency="bank", identity=agency_identity("bank", "rsa"), interaction="settlement", agreement="bank-2026/1.2"
)
BPKPD = Sender(agency="bpkpd", identity=agency_identity("bpkpd"), interaction="retribusi", agreement="bpkpd-2026/1.1")


def written(records: Sequence[Mapping[str, str]]) -> bytes:
    """Lines as CSV; what a line does not have is an empty cell."""
    text = io.StringIO(newline="")
    lines = csv.DictWriter(text, list(dict.fromkeys(name for each in records for name in each)))
    lines.writeheader()
    lines.writerows(records)
    return text.getvalue().encode()


def period(first: str, last: str) -> dict[str, str]:
    """The days for which a file is complete."""
    return {"from": first, "until": last}


def announced(
    stage: Stage, content: bytes, records: int, name: str, sender: Sender = BANK, **edits: Any
) -> voices.Said:
    """What the hub says to the manifest of such a file, under the agency's JWS; an edit that is None leaves out."""
    yesterday = f"{stage.clock().astimezone(JAKARTA) - timedelta(days=1):%Y-%m-%d}"
    about = {"period": period(yesterday, yesterday), **edits}
    members = {**pasar.manifest(content, records, "csv", name), **about}
    body = json.dumps({member: value for member, value in members.items() if value is not None}).encode()
    claims = {
        "iss": sender.agency,
        "aud": "dpmptsp",
        "jti": f"s-{name}-{edits.get('format', 'csv')}",
        "agr": sender.agreement,
        "int": sender.interaction,
    }
    token = jws.sign_detached(body, sender.identity, claims, at=stage.clock())
    headers = {"Content-Type": "application/json", "X-JWS-Signature": token}
    return voices.read(stage.client.post(f"/rest/{sender.agency}/{sender.interaction}", content=body, headers=headers))


def settle(
    stage: Stage,
    name: str,
    *records: Mapping[str, str],
    days: tuple[str, str] | None = None,
    sender: Sender = BANK,
) -> str:
    """Deliver a file, complete about those days or about yesterday alone, and have it read; gives its address."""
    content = written(records)
    edits = {} if days is None else {"period": period(*days)}
    said = announced(stage, content, len(records), name, sender, **edits)
    assert said.status == 200, said.body
    address: str = said.json["upload"]
    assert pasar.send(stage, address, content, 0, last=True).status_code == 204
    pasar.work(stage)
    return address


def attention(stage: Stage, case_id: str, sender: Sender = BANK) -> list[str]:
    """What the sender's files called a person to the case for."""
    source = f"{sender.agency}/{sender.interaction}: "
    return [each for each in stage.case(case_id).attention if each.startswith(source)]
