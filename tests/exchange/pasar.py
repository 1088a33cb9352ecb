"""The agency `pasar` (`tests.batch.adapter`) at a hub of a test: its files, what it says, and what comes of them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock
from xml.sax.saxutils import escape

from conformance.signing import jws
from gateway.domain.events import Reference
from gateway.exchange.batch.work import BatchWork
from gateway.store.tables import BatchRow
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from gateway.validation.library import SchemaLibrary, default_roots
from tests.batch.adapter import AGREEMENT, KIND, PASAR
from tests.exchange.keys import agency_identity
from tests.exchange.stage import ADAPTERS, RINA, Stage, application, enrol
from tests.exchange.town import Door, Street
from tests.exchange.voices import Said, read

PATH = "/rest/pasar/daftar"
TOKEN = "t" * 43
_LIBRARY = SchemaLibrary(default_roots((*ADAPTERS.values(), PASAR)))


@contextmanager
def market_stage(folder: Path, url: str, door: Door, street: Street) -> Iterator[Stage]:
    """A hub that has the agency, its agreement and its certificate."""
    with mock.patch("tests.exchange.stage.LIBRARY", _LIBRARY):
        stage = Stage(folder, door, street, url, adapters={**ADAPTERS, "pasar": PASAR})
        head = packaged_agreements()["dpupr-2026"].partition("[[interaction]]")[0]
        agreement = read_agreement(head.replace("dpupr", "pasar") + AGREEMENT.replace("2GiB", "64MiB"))
        registry = stage.hub.store.registry
        registry.import_agreement(agreement, PASAR, "staff/siti")
        registry.activate_for_development(agreement.id, agreement.version, "staff/siti")
        enrol(stage, "pasar", agency_identity("pasar"))
        yield stage
        stage.close()


# --- files --------------------------------------------------------------------------------------------------------


def written(form: str, records: Sequence[Mapping[str, str]]) -> bytes:
    """Records as a file of that form."""
    if form == "jsonl":
        return "".join(f"{json.dumps(each)}\n" for each in records).encode()
    if form == "csv":
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, ("number", "note", "name"))
        writer.writeheader()
        writer.writerows(records)
        return text.getvalue().encode()
    rows = ("".join(f"<{name}>{escape(value)}</{name}>" for name, value in each.items()) for each in records)
    return f"<daftar>{''.join(f'<baris>{row}</baris>' for row in rows)}</daftar>".encode()


def manifest(content: bytes, records: int, form: str = "jsonl", name: str = "b-1", **edits: Any) -> dict[str, Any]:
    return {
        "batch": name,
        "fileName": f"{name}.{form}",
        "format": form,
        "encoding": "UTF-8",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "records": records,
        "uploadTokenSha256": hashlib.sha256(TOKEN.encode()).hexdigest(),
        **edits,
    }


# --- what the agency says -----------------------------------------------------------------------------------------


def announce(stage: Stage, said: Mapping[str, Any], message_id: str = "m-1") -> Said:
    body = json.dumps(said).encode()
    claims = {"iss": "pasar", "aud": "dpmptsp", "jti": message_id, "agr": "pasar-2026/1.0", "int": "daftar"}
    token = jws.sign_detached(body, agency_identity("pasar"), claims, at=stage.clock())
    headers = {"Content-Type": "application/json", "X-JWS-Signature": token}
    return read(stage.client.post(PATH, content=body, headers=headers))


def ask(stage: Stage, method: str, address: str, token: str = TOKEN) -> Any:
    return stage.client.request(method, address, headers={"Authorization": f"Bearer {token}"})


def send(stage: Stage, address: str, piece: bytes, offset: int, *, last: bool = False, token: str = TOKEN) -> Any:
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/partial-upload",
        "Upload-Offset": str(offset),
        "Upload-Complete": "?1" if last else "?0",
    }
    return stage.client.patch(address, content=piece, headers=headers)


def delivered(stage: Stage, content: bytes, records: int, form: str = "jsonl", **edits: Any) -> str:
    """Announce a file and send it whole in two pieces; gives its address."""
    said = announce(stage, manifest(content, records, form, **edits))
    assert said.status == 200, said.body
    address: str = said.json["upload"]
    half = len(content) // 2
    assert send(stage, address, content[:half], 0).status_code == 204
    assert send(stage, address, content[half:], half, last=True).status_code == 204
    return address


# --- what the hub does --------------------------------------------------------------------------------------------


def work(stage: Stage, batches: BatchWork | None = None) -> None:
    """Until there is nothing to do now."""
    while (batches or stage.hub.batches).run_once():
        pass


def batch(stage: Stage) -> BatchRow:
    (row,) = stage.hub.store.reader.batches()
    return row


def results(stage: Stage, address: str) -> list[dict[str, Any]]:
    """The result's rows, by number."""
    said = ask(stage, "GET", f"{address}/result")
    assert said.status_code == 200, said.text
    if said.headers["content-type"].startswith("text/csv"):
        rows = [{**row, "number": int(row["number"])} for row in csv.DictReader(io.StringIO(said.text, newline=""))]
    else:
        rows = [json.loads(line) for line in said.text.splitlines()]
    return sorted(rows, key=lambda row: int(row["number"]))


def registered(stage: Stage, *numbers: str) -> list[str]:
    """A case for each registration number."""
    opened = (replace(application(), references=(Reference(kind=KIND, value=each),)) for each in numbers)
    return [stage.hub.deeds.register(each, RINA).id for each in opened]


def notes(stage: Stage, case_id: str) -> list[str]:
    """What the agency's records told about a case, in their order."""
    told = stage.case(case_id).attention
    return [each.removeprefix("pasar: ") for each in told if each.startswith("pasar: ")]
