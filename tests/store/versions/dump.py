"""Make the fixture of this version: `python -m tests.store.versions.dump [FILE]`, at the commit that is to be tagged.

A hub of this version lives a short life on SQLite (tests/exchange/stage.py: real keys, real messages in both dialects,
agencies on loopback that follow a script), and every row that it leaves behind is written out. README.md beside this
file says when, and what the file looks like.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect, text

import gateway
import gateway.app
from gateway.office.signing import PinStep
from gateway.store.plan import Claim, Plan
from gateway.store.tables import DocumentRow, StaffRow, TokenRow
from tests.exchange import voices
from tests.exchange.furnishing import furnish
from tests.exchange.keys import agency_identity
from tests.exchange.stage import AGUS, DEWI, RINA, Stage
from tests.exchange.town import Door, Street

LARGEST = 250_000
"""Bytes of a fixture, at most: it is to be read by people."""

REVISION = "alembic_version"

_FILE = b'{"number": "R-1"}\n'

BY_HAND: Mapping[str, Mapping[str, Any]] = {
    "batch": {
        "id": "x-1",
        "direction": "in",
        "agency": "bank",
        "interaction": "settlement",
        "name": "setelmen-1",
        "agreement": "bank-2026",
        "agreement_version": "1.2",
        "manifest": "{}",
        "format": "jsonl",
        "size": len(_FILE),
        "sha256": sha256(_FILE).hexdigest(),
        "records": 1,
        "token": "",
        "state": "closing",
        "ends_as": "completed",
        "cause": None,
        "made_at": "2026-01-05 03:00:00.000000",
        "ended_at": None,
        "received": len(_FILE),
        "read": 1,
        "position": len(_FILE),
        "accepted": 0,
        "declined": 0,
        "invalid": 0,
        "failed": 0,
        "held": 1,
        "result_size": 0,
        "result_sha256": None,
        "fence": 1,
        "lease_until": None,
        "due_at": "2036-01-05 03:00:00.000000",
        "wanted": None,
        "cursor": "",
        "left_out": 0,
        "upload": None,
        "piece_size": 0,
        "tries": 0,
        "answer_size": 0,
        "lacking": 0,
        "stopped_in": None,
    },
    "batch_held": {
        "batch": "x-1",
        "number": 1,
        "body": '{"number": "R-1"}',
        "tries": 3,
        "cause": "ValueError",
        "due_at": "2036-01-05 03:00:00.000000",
    },
    "batch_left_out": {"batch": "x-2", "case_id": "K-2026-00000000", "cause": "ValueError"},
    "batch_named": {
        "agency": "bank",
        "interaction": "settlement",
        "case_id": "K-2026-00000000",
        "batch": "x-1",
        "is_named": True,
    },
    "batch_piece": {"batch": "x-1", "side": "file", "position": 0, "body": {"text": _FILE.decode()}},
    "certificate_alert": {"fingerprint": "00", "days": 30, "at": "2026-01-05 03:00:00.000000"},
    "certificate_status": {
        "fingerprint": "00",
        "since": "2026-01-05 03:00:00.000000",
        "asked_at": "2026-01-05 03:00:00.123456",
        "fault": "belum terjawab",
    },
    "circuit": {
        "agency": "dpupr",
        "interaction": "*",
        "url": "http://127.0.0.1:9",
        "failures": 5,
        "openings": 1,
        "opened_at": "2026-01-05 03:00:00.000000",
        "open_until": "2026-01-05 03:00:30.000000",
        "probe_until": None,
        "cause": "tidak menjawab",
    },
    "counter": {"name": "agenda/2026", "value": 17},
    "held_secret": {
        "challenge": "00",
        "sealed": {"base64": "AP8X"},
        "expires_at": "2026-01-05 03:05:00.000000",
    },
}
"""What a short life does not come by, for the tables that are still empty."""


def live(stage: Stage) -> None:
    """The life: a case that waits for its decision, its PIN sent, one from OSS, one that is still to be sent.

    Two strangers are refused, and some leaves have no place in the tree yet.
    """
    hub = stage.hub
    for officer in (RINA, AGUS, DEWI):
        _employ(stage, officer.id, officer.name, officer.title)
    record = getattr(gateway.app, "record_hub_certificates", None)  # not in v0.1.0
    if record is not None:
        record(hub.store, stage.clock())
    delivery = stage.requested()
    voices.answer(stage, delivery)
    hub.signing.ask_pin(delivery.case_id, DEWI, PinStep.APPROVE)
    hub.store.unit_of_work.commit(Plan.of(Claim(DocumentRow, ("case_id", "sha256"), _paper(stage, delivery.case_id))))
    voices.send_nib(stage)
    voices.ask_validity(stage)
    while hub.integrator.run_once(20):
        stage.clock.advance(minutes=1)
    voices.ask_bill(stage)
    voices.answer(stage, delivery, message_id="urn:dpupr:19", signer=agency_identity("stranger"))
    voices.send_nib(stage, token="0" * 40)
    stage.register("krk", "Budi Contoh")


def _paper(stage: Stage, case_id: str) -> dict[str, Any]:
    """A document of a case; those that an office makes are too large for a fixture."""
    body = b"%PDF-1.7\n% contoh \xc3\x28 bukan teks\n"
    row = {"case_id": case_id, "sha256": sha256(body).hexdigest(), "kind": "attachment", "body": body}
    return {**row, "media_type": "application/pdf", "made_at": stage.clock()}


def _employ(stage: Stage, name: str, called: str, title: str) -> None:
    delegated = {"delegation": "SK contoh 188.45/1/2026", "delegation_electronic": True} if name == DEWI.id else {}
    if delegated:
        days = {"delegation_from": DEWI.delegation_from, "delegation_until": DEWI.delegation_until}
        delegated |= {**days, "nip": DEWI.nip, "phone": DEWI.phone}
    person = {"id": name, "name": called, "title": title, "delegation_electronic": False, **delegated}
    begins = stage.clock()
    token = {"hash": f"hash-of-{name}", "staff": name, "scopes": "office", "made_at": begins}
    rows = (
        Claim(StaffRow, ("id",), person),
        Claim(TokenRow, ("hash",), {**token, "expires_at": begins + timedelta(days=300)}),
    )
    stage.hub.store.unit_of_work.commit(Plan(rows))


def dump(engine: Engine) -> dict[str, Any]:
    """Every row of every table, as SQLite keeps it; bytes as text where they are text, else in base64."""
    tables: dict[str, list[dict[str, Any]]] = {}
    with engine.connect() as connection:
        for name in sorted(inspect(connection).get_table_names()):
            rows = connection.execute(text(f"SELECT * FROM {name}"))  # noqa: S608 - the store's own tables
            tables[name] = [{key: _plain(value) for key, value in row.items()} for row in rows.mappings()]
    ((revision,),) = (row.values() for row in tables.pop(REVISION))
    for name, row in BY_HAND.items():
        if tables.get(name) == []:
            tables[name].append(dict(row))
    if empty := [name for name, rows in tables.items() if not rows]:
        raise SystemExit(f"no row in {', '.join(empty)}: let the life come by one")
    return {"version": gateway.__version__, "revision": revision, "tables": tables}


def _plain(value: object) -> object:
    if not isinstance(value, bytes):
        return value
    try:
        return {"text": value.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def main(file: Path | None) -> None:
    """Live, and write the fixture of this version beside this file, or to `file`."""
    door, street = Door(), Street()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "store"
        url = f"sqlite:///{folder.parent / 'simojo.db'}"
        furnish(folder, url, door, street)
        stage = Stage(folder, door, street, url)
        live(stage)
        made = dump(stage.hub.store.engine)
        stage.close()
    door.close()
    street.close()
    said = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    if (size := len(said.encode())) > LARGEST:
        raise SystemExit(f"{size} bytes are more than people read: let the life be shorter")
    path = file or Path(__file__).with_name(f"v{made['version']}.json")
    path.write_text(said, encoding="utf-8")
    sys.stdout.write(f"wrote {path}: {size} bytes, revision {made['revision']}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else None)
