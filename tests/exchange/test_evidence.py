"""What real messages look like in evidence: SOAP by its sidecar, a NIK in a path (BSrE), refused ones not at all."""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import tempfile
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

from conformance.evidence.verdict import judge
from gateway.app import evidence_of, record_hub_certificates
from gateway.app.identity import hub_key
from gateway.operations.evidence.desk import EvidenceDesk, Unmasking
from gateway.store.plan import Insert, Plan
from gateway.store.tables import DocumentRow, PartRow
from tests.exchange import voices
from tests.exchange.stage import LIBRARY, Stage

PERSONAL = ("9999014506900001", "Siti Contoh", "081200000017", "Jalan Contoh")
UNMASKING = Unmasking(actor="staff/agus", reason="Sengketa contoh antara dua instansi")


def desk_of(stage: Stage) -> EvidenceDesk:
    while stage.hub.integrator.run_once():
        pass
    store = stage.hub.store
    return evidence_of(store, hub_key(store.settings), library=LIBRARY, adapters=stage.adapters, clock=stage.clock)


def exported(stage: Stage, case: str, unmasking: Unmasking | None = None) -> tuple[Path, dict[str, bytes]]:
    desk, sink = desk_of(stage), io.BytesIO()
    desk.export(desk.subject("case", case), sink, unmasking)
    path = stage.folder / "kasus.asice"
    path.write_bytes(sink.getvalue())
    with zipfile.ZipFile(path) as archive:
        return path, {name: archive.read(name) for name in archive.namelist()}


def shown(files: dict[str, bytes], exchange: str) -> dict[str, Any]:
    return {each["name"]: each for each in json.loads(files[f"exchanges/{exchange}/shown.json"])}


def test_a_case_told_over_soap_and_rest_is_masked_and_its_bytes_are_proven(stage: Stage) -> None:
    record_hub_certificates(stage.hub.store, stage.clock())
    delivery = stage.requested()
    path, files = exported(stage, delivery.case_id)
    assert judge(path).is_masked
    assert [word for word in PERSONAL if any(word.encode() in body for body in files.values())] == []
    asked = shown(files, delivery.id)["sent-1"]
    assert (asked["why"], "***" in json.dumps(asked["payload"])) == ("", True)
    page = files["bukti.html"].decode()
    for text in ("Dinas", "XML Signature", "administrasi divalidasi", "berlaku"):
        assert text in page
    path, files = exported(stage, delivery.case_id, UNMASKING)
    verdict = judge(path)
    assert (verdict.is_masked, verdict.erased, verdict.exchanges) == (False, (), 3)
    assert b"Siti Contoh" in files[f"exchanges/{delivery.id}/parts/sent-1"]
    assert "Siti Contoh" not in files["bukti.html"].decode()
    assert any(name.startswith("schemas/dpupr/technical-recommendation/1.0/") for name in files)
    for whose in ("hub", "dpupr"):
        (status,) = (name for name in files if name.startswith(f"certificates/{whose}/") and name.endswith(".json"))
        told = json.loads(files[status])
        assert f"{status.removesuffix('-status.json')}.pem" in files
        assert (told["fingerprint"].startswith(status.split("/")[2][:32]), told["authoritiesLastWords"]) == (True, [])
        assert f"<code>{told['fingerprint']}</code>" in files["bukti.html"].decode()


def test_a_path_that_names_a_person_is_shown_as_it_is_declared(stage: Stage) -> None:
    """Of `GET api/user/status/{nik}` no mark in a schema says that the NIK stands in the request line."""
    case = stage.register()
    stage.deliver("dukcapil")
    (row,) = stage.hub.store.reader.exchanges(case_id=case.id, agency="dukcapil")
    line = {":method": "GET", ":path": f"/x/{PERSONAL[0]}", "X-Nik": PERSONAL[0]}
    store = stage.hub.store
    part = {"exchange": row.id, "name": "sent-7-headers", "body": json.dumps(line).encode()}
    body = {"exchange": row.id, "name": "sent-7", "body": b""}
    store.unit_of_work.commit(Plan.of(Insert(PartRow, part), Insert(PartRow, body)))
    view = {each.name: each for each in desk_of(stage).shown(row.id)}["sent-7"]
    assert dict(view.headers) == {":method": "GET", ":path": ".../CALL_VERIFY_BY_ELEMEN", "X-Nik": "***"}
    assert view.payload is None


def test_a_message_that_keeps_to_no_schema_is_not_laid_out(stage: Stage) -> None:
    case = stage.register()
    stage.deliver("dukcapil")
    (row,) = stage.hub.store.reader.exchanges(case_id=case.id, agency="dukcapil")
    part = {"exchange": row.id, "name": "sent-8", "body": b'{"siapa": "Siti Contoh"}'}
    stage.hub.store.unit_of_work.commit(Plan.of(Insert(PartRow, part)))
    views = {each.name: each for each in desk_of(stage).shown(row.id)}
    assert (views["sent-1"].payload is not None, views["sent-8"].payload) == (True, None)
    assert "tidak sesuai skema" in views["sent-8"].why


def test_large_documents_of_a_case_are_one_at_a_time_in_memory(stage: Stage) -> None:
    case, size, count = stage.register(), 2 * 2**20, 8
    for _ in range(count):
        body = secrets.token_bytes(size)
        row: dict[str, Any] = {
            "case_id": case.id,
            "sha256": hashlib.sha256(body).hexdigest(),
            "kind": "lampiran",
            "body": body,
        }
        row |= {"media_type": "application/pdf", "made_at": stage.clock()}
        stage.hub.store.unit_of_work.commit(Plan.of(Insert(DocumentRow, row)))
    desk = desk_of(stage)
    path = stage.folder / "besar.asice"
    with tempfile.TemporaryFile() as sink:
        tracemalloc.start()
        try:
            desk.export(desk.subject("case", case.id), sink, UNMASKING)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 4 * size
        sink.seek(0)
        path.write_bytes(sink.read())
    assert path.stat().st_size > count * size
    assert judge(path).parts >= count


def test_a_natural_persons_nib_and_what_agencies_say_of_a_case_name_nobody_in_masked_evidence(stage: Stage) -> None:
    """OSS gives a sole trader's own name as the firm's; an open schema lets more come; an answer's texts may name."""
    person = {
        "nama": "Wulandari Purnama",
        "nik": "9999014506900031",
        "hp": "081299887766",
        "alamat": "Jalan Kenanga 29",
    }
    said = voices.nib(stage, nama_perseroan=person["nama"], alamat_perseroan=person["alamat"], telepon=person["hp"])
    (manager,), (project,) = said["dataNIB"]["penanggung_jwb"], said["dataNIB"]["data_proyek"]
    manager |= {"nama_penanggung_jwb": person["nama"], "no_identitas_penanggung_jwb": person["nik"]}
    manager |= {"no_hp_penanggung_jwb": person["hp"], "alamat_penanggung_jwb": person["alamat"]}
    project |= {"uraian_usaha": f"Jahitan {person['nama']}", "nama_kegiatan": f"Toko {person['nama']}"}
    project["data_lokasi_proyek"][0]["alamat_usaha"] = person["alamat"]
    assert voices.send_nib(stage, said).status == 200
    delivery = stage.requested()
    condition = f"Syarat untuk {person['nama']}, {person['hp']}"
    assert voices.answer(stage, delivery, official=person["nama"], condition=condition).status == 200
    (nib,) = stage.exchanges("oss")
    for case_id in (str(nib.case_id), delivery.case_id):
        stage.deliver()
        _, files = exported(stage, case_id)
        found = {
            name for name, body in files.items() for word in (*person.values(), *PERSONAL) if word.encode() in body
        }
        assert found == set()
        views = json.dumps(
            [dict(each) for name in files if name.endswith("shown.json") for each in json.loads(files[name])]
        )
        assert "***" in views
    (asked,) = (each for each in desk_of(stage).shown(nib.id) if each.name == "request")
    assert (asked.why, asked.payload["dataNIB"]["nama_perseroan"]) == ("", "***")
