"""The bank's settlement at a hub of a test: a file of it, delivered and read to its end."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from conformance.signing import jws
from tests.exchange import pasar, voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage

MEMBERS = ("virtualAccountNo", "partnerReferenceNo", "amount", "bankReference", "paidAt")


def written(records: Sequence[Mapping[str, str]]) -> bytes:
    """Lines of a settlement as CSV; what a line does not have is an empty cell."""
    text = io.StringIO(newline="")
    lines = csv.DictWriter(text, MEMBERS)
    lines.writeheader()
    lines.writerows(records)
    return text.getvalue().encode()


def announced(stage: Stage, content: bytes, records: int, name: str, **edits: Any) -> voices.Said:
    """What the hub says to the manifest of such a file, under the bank's JWS."""
    body = json.dumps({**pasar.manifest(content, records, "csv", name), **edits}).encode()
    message_id = f"s-{name}-{edits.get('format', 'csv')}"
    claims = {"iss": "bank", "aud": "dpmptsp", "jti": message_id, "agr": "bank-2026/1.2", "int": "settlement"}
    token = jws.sign_detached(body, agency_identity("bank", "rsa"), claims, at=stage.clock())
    headers = {"Content-Type": "application/json", "X-JWS-Signature": token}
    return voices.read(stage.client.post("/rest/bank/settlement", content=body, headers=headers))


def settle(stage: Stage, name: str, *records: Mapping[str, str], days: tuple[str, str] | None = None) -> str:
    """Deliver a settlement, about those days if any, and have it read; gives its address."""
    content = written(records)
    edits = {} if days is None else {"period": {"from": days[0], "until": days[1]}}
    said = announced(stage, content, len(records), name, **edits)
    assert said.status == 200, said.body
    address: str = said.json["upload"]
    assert pasar.send(stage, address, content, 0, last=True).status_code == 204
    pasar.work(stage)
    return address


def attention(stage: Stage, case_id: str) -> list[str]:
    """What settlements called a person to the case for."""
    return [each for each in stage.case(case_id).attention if each.startswith("bank/settlement: ")]
