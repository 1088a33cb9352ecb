"""A hub as a process of its own: apply over REST and SOAP, get the permit, be erased, and be found nowhere.

Searched is every byte of SQLite's files or of PostgreSQL's (but its WAL), for the wrapped keys too, of the journal, of
what the hub logged at its most talkative, and of new exports and evidence. What was handed out before still verifies.
"""

from __future__ import annotations

import io
import json
import shutil
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from conformance.peers.oss_nib import Submission, data_nib
from conformance.receipts.judge import Trusted, Verdict, judge
from conformance.signing import oss
from gateway.app import Store, evidence_of, open_store
from gateway.app.identity import hub_key
from gateway.edge.parts import token_hash
from gateway.exchange.plugins import load_adapters
from gateway.ledger.verify import verify_export
from gateway.operations.evidence.desk import Unmasking
from gateway.operations.ledger_export import export_lines, verify_store
from gateway.store.plan import Plan, Update
from gateway.store.tables import TokenRow
from gateway.validation.library import SchemaLibrary, default_roots
from tests.crash.clients import Message, Post
from tests.crash.grounds import SECRETS, compact, now
from tests.crash.messages import recommendation, validity
from tests.crash.permits import Player
from tests.crash.town import Size, Town, open_town
from tests.databases import Behind
from tests.erasing.searching import files_in, found_in, needles
from tests.postgres import Server

WHO = Submission(
    id_izin="I-PENANDA-000077",
    kd_izin="057600000001",
    nik="9999014506907777",
    name="Zubaidah Penanda Khusus",
    phone="081277000077",
    nib="0000000770077",
    email="zubaidah.penanda@contoh.example",
    address="Jalan Penanda Rahasia 77, Mojokerto",
    site_address="Gang Tapak Tersembunyi 7",
)
PERSONAL = (WHO.nik or "", WHO.name, "81277000077", WHO.nib or "", WHO.email, "Penanda Rahasia", WHO.site_address)
WHY = "Permintaan tertulis nomor 17/2026"
ANSWERS = {f"u{number}": 4 for number in range(1, 10)}


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that a database server of another user may enter."""
    made = Path(tempfile.mkdtemp(prefix="simojo-erased-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def application() -> Message:
    said = data_nib(WHO)
    body = compact(said)

    def send(post: Post) -> httpx2.Response:
        named = SECRETS["oss"]
        token = oss.token(named["username"], named["password"], said["dataNIB"]["nib"], now())
        return post("/rest/oss/receiveNIB", body, {"Content-Type": "application/json", "Token": token})

    return Message(agency="oss", kind="application", stored_as=WHO.id_izin, send=send)


class Office:
    """Staff at their desks, over HTTP."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.player = Player(town.grounds, town.clients, town.agencies, threading.Lock())
        self._http = httpx2.Client(trust_env=False, verify=False, timeout=60.0)

    def ask(self, method: str, path: str, by: str = "agus", /, **body: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.town.grounds.tokens[by]}"}
        content = None if method == "GET" else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        return self._http.request(method, f"{self.town.hubs[0].url}{path}", headers=headers, content=content)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        return self._http.post(f"{self.town.hubs[0].url}{path}", content=body, headers=dict(headers))

    def close(self) -> None:
        self._http.close()

    def done(self, case_id: str, deed: str, by: str, /, **body: Any) -> None:
        said = self.ask("POST", f"/office/v1/cases/{case_id}/{deed}", by, **body)
        assert said.status_code < 300, said.text

    def permit(self) -> str:
        """From the application at OSS, over DPUPR's SOAP and the bank's SNAP, to the hand-over; gives the case."""
        over = self.town.over
        assert self.town.clients.deliver(application()).answers[0].status == 200
        case_id = self.player._find(WHO.id_izin, over)
        while (case := self.player._look(case_id, over))["stage"] != "active":
            self.player._step(case_id, case, over)
        self.done(case_id, "print", "agus", paper="kertas-pbg", serial="S-17")
        self.done(case_id, "survey", "rina", **ANSWERS)
        self.done(case_id, "hand-over", "rina", method="counter", recipient=WHO.name, proof="KTP")
        return case_id

    def settled(self, case_id: str) -> None:
        """Wait until nothing is to be sent and every leaf has its place."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            told = self.ask("GET", f"/admin/v1/cases/{case_id}").json()
            pending = self.ask("GET", "/admin/v1/ledger/head").json()["pending"]
            if not pending and {each["state"] for each in told["deliveries"]} <= {"answered", "cancelled"}:
                return
            time.sleep(0.2)
        raise AssertionError(told["deliveries"])


def of_store(town: Town) -> Store:
    return open_store(town.grounds.settings)


def stored(town: Town) -> dict[str, bytes]:
    """Every byte of SQLite's files; of PostgreSQL every value, and every byte of the database's files."""
    server = town.grounds.server
    if server is None:
        return files_in(town.grounds.store_file.parent)
    with Behind(town.grounds.url) as behind:
        behind.execute("CHECKPOINT")
        oid = behind.execute("SELECT oid FROM pg_database WHERE datname = current_database()").scalar_one()
        values = {f"{name} {number}": value for number, (name, value) in enumerate(behind.stored())}
    return {**values, **files_in(server.data / "base" / str(oid))}


def handed_out(store: Store, case_id: str) -> bytes:
    """A new unmasked bundle, unpacked, for what is in it travels compressed."""
    library = SchemaLibrary(default_roots(load_adapters().values()))
    desk = evidence_of(store, hub_key(store.settings), library=library, adapters=load_adapters(), clock=now)
    sink = io.BytesIO()
    desk.export(desk.subject("case", case_id), sink, Unmasking(actor="staff/agus", reason="Pemeriksaan sesudah hapus"))
    with zipfile.ZipFile(sink) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_after_erasure_no_byte_of_the_person_is_found_and_what_was_handed_out_verifies(
    folder: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    server: Server | None = request.getfixturevalue("server") if engine == "postgres" else None
    size = Size(players=0, askers=0, carriers=2)
    with ExitStack() as stack:
        options: dict[str, Any] = {"hubs": 1, "workers": 0, "LOG_LEVEL": "DEBUG"}
        town = stack.enter_context(open_town(folder / "town", engine, size=size, server=server, **options))
        _let_them_erase(town)
        office = Office(town)
        stack.callback(office.close)
        town.begin()
        stack.callback(town.settle, 0.0)
        case_id = office.permit()
        office.settled(case_id)
        number = office.ask("GET", f"/office/v1/cases/{case_id}").json()["number"]
        _, documents = _documents(office, case_id)
        sought = needles(PERSONAL, *(body[at : at + 48] for body in documents for at in (200, len(body) // 2)))
        exchanges = [each["id"] for each in office.ask("GET", f"/admin/v1/exchanges?case={case_id}").json()["items"]]
        receipts = {each: office.ask("GET", f"/admin/v1/exchanges/{each}/receipt").content for each in exchanges}
        said = {
            each["interaction"] for each in office.ask("GET", f"/admin/v1/exchanges?case={case_id}").json()["items"]
        }
        assert {"receiveNIB", "technical-recommendation"} <= said
        heard = {str(place): call.body for place, call in enumerate(town.agencies.calls)}
        assert found_in(heard, sought)  # the search finds what is there
        keys = _wrapped_keys(town, case_id)
        assert {name for _, name in found_in(stored(town), keys)} == {"case", "dossier"}

        proposed = office.ask("POST", "/admin/v1/erasures", "rina", reason=WHY, nik=WHO.nik)
        assert (proposed.status_code, proposed.json()["code"]) == (409, "permit-stands"), proposed.text
        proposed = office.ask(
            "POST", "/admin/v1/erasures", "rina", reason=WHY, nik=WHO.nik, permitReason="Putusan pengadilan contoh"
        )
        assert proposed.status_code == 201, proposed.text
        path = f"/admin/v1/erasures/{proposed.json()['id']}"
        assert office.ask("POST", f"{path}/approve", "rina").json()["code"] == "second-person-needed"
        approved = office.ask("POST", f"{path}/approve", "agus")
        assert (approved.status_code, approved.json()["state"]) == (200, "done"), approved.text
        assert found_in(stored(town), {**sought, **keys}) == set()

        _every_reader_copes(office, case_id, number, exchanges)
        assert town.settle(60) == []
        for process in town.processes:
            process.end()
        store = of_store(town)
        stack.callback(store.close)
        key = store.note_key.verifier.encode()
        lines = list(export_lines(store.reader, store.vault, [store.note_key.verifier]))
        assert verify_export(lines, key).parts_erased > 20
        assert verify_store(store.reader, store.vault, store.note_key.verifier).ledger.parts_erased > 20
        new = {"export": "".join(lines).encode(), "evidence": handed_out(store, case_id)}
        assert found_in({**files_in(town.grounds.folder), **stored(town), **new}, sought) == set()
        assert "erasure-done" in town.hubs[0].log
        for each in receipts.values():
            verdict = judge(each, Trusted(keys=(key,)))
            assert isinstance(verdict, Verdict), verdict


def _let_them_erase(town: Town) -> None:
    store = of_store(town)
    for name in ("rina", "agus"):
        token = token_hash(town.grounds.tokens[name])
        row = store.reader.token(token)
        assert row is not None
        more = {"scopes": "office admin erase unmask"}
        store.unit_of_work.commit(Plan.of(Update(TokenRow, {"hash": token}, {"scopes": row.scopes}, more)))
    store.close()


def _wrapped_keys(town: Town, case_id: str) -> dict[str, frozenset[bytes]]:
    """The keys as they are stored: what a copy of them would open, if one were left."""
    store = of_store(town)
    key = store.reader.data_key(f"case/{case_id}")
    store.close()
    assert key is not None
    return {"case": frozenset({key.wrapped}), "dossier": frozenset({key.outer or b""})}


def _documents(office: Office, case_id: str) -> tuple[list[str], list[bytes]]:
    store = of_store(office.town)
    rows = store.reader.documents(case_id)
    store.close()
    return [row.sha256 for row in rows], [row.body for row in rows]


def _every_reader_copes(office: Office, case_id: str, number: str, exchanges: list[str]) -> None:
    """None answers 5xx; a page says that it was erased on request."""
    paths = [
        "/admin/v1/cases",
        f"/admin/v1/cases/{case_id}",
        f"/admin/v1/cases/{case_id}/evidence",
        f"/admin/v1/exchanges?case={case_id}",
        f"/admin/v1/cases?reference=id-izin:{WHO.id_izin}",
        "/admin/v1/deliveries",
        "/admin/v1/erasures",
        "/admin/v1/reads",
        f"/office/v1/cases/{case_id}",
        "/console",
        "/console/live",
        "/health/ready",
    ]
    for each in exchanges:
        base = f"/admin/v1/exchanges/{each}"
        paths += [base, f"{base}/messages", f"{base}/receipt", f"{base}/evidence", f"/console/exchanges/{each}"]
    statuses = {path: office.ask("GET", path).status_code for path in paths}
    assert {path: status for path, status in statuses.items() if status >= 400} == {f"/office/v1/cases/{case_id}": 410}
    page = office.ask("GET", f"/periksa/{number}?lang=id")
    assert (page.status_code, "dihapus atas permintaan" in page.text) == (410, True), page.text
    assert "dihapus atas permintaan" in office.ask("GET", f"/console/exchanges/{exchanges[0]}").text
    opened = office.ask("POST", f"/admin/v1/exchanges/{exchanges[0]}/messages", reason="Pemeriksaan sesudah hapus")
    assert (opened.status_code, opened.json()["parts"]) == (200, [])
    for delivery in office.ask("GET", f"/admin/v1/cases/{case_id}").json()["deliveries"]:
        assert office.ask("POST", f"/admin/v1/deliveries/{delivery['id']}/redrive").status_code < 500
    grounds = office.town.grounds
    for message in (
        application(),
        validity(grounds, "validity-77", number),
        recommendation(grounds, "urn:uuid:0198c0de-0000-7000-8000-000000000077", case_id),
    ):
        again = message.send(office.post)
        assert again.status_code < 500, (message.kind, again.text)
