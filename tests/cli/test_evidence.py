"""`simojo evidence`: what proves a case, in one file that is verified offline; masked unless a reason is recorded."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from conformance.cli import app as conformance_app
from conformance.notes import WitnessKey, read_checkpoint
from gateway.ledger.checkpoint import NoteKey
from gateway.store.plan import Committed, Insert, Plan
from gateway.store.tables import CosignatureRow, TimestampRow, WitnessRow
from tests.cli.conftest import Simojo, opened_at
from tests.databases import Behind
from tests.office.house import House

EXAMPLE = Path(__file__).parents[2] / "schemas/oss/receiveNIB/1.0/examples/request/one-permit.json"
PERSONAL = (b"9999014506900001",)
REASON = "Permintaan majelis hakim perkara contoh 1/2026"


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    """A hub with an application that OSS sent, all of it in the tree."""
    made = opened_at(home)
    registry = made.gateway.store.registry
    for name in ("username", "password", "user_key"):
        registry.set_credential("oss", name, f"{name}-1", "staff/agus")
    body = EXAMPLE.read_bytes()
    nib = json.loads(body)["dataNIB"]["nib"]
    token = hashlib.sha1(f"username-1password-1{nib}20261124".encode(), usedforsecurity=False).hexdigest()
    headers = {"Token": token, "Content-Type": "application/json"}
    answer = TestClient(made.gateway.api).post("/rest/oss/receiveNIB", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    integrate(made)
    yield made
    made.gateway.stop()


@pytest.fixture
def case(house: House) -> str:
    (row,) = house.gateway.store.reader.cases()
    return row.id


@pytest.fixture
def exchange(house: House) -> str:
    (row,) = house.gateway.store.reader.exchanges()
    return row.id


def integrate(house: House) -> None:
    while house.gateway.integrator.run_once():
        pass


def verify(*words: str | Path) -> Result:
    return CliRunner().invoke(conformance_app, ["verify-evidence", *map(str, words)])


def everything(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


def pinned(house: House) -> tuple[str, ...]:
    key = house.gateway.store.note_key.verifier.encode()
    return ("--hub-certificate", str(house.gateway.settings.signing_certificate_file), "--ledger-key", key)


def test_masked_evidence_of_a_case_verifies_and_names_nobody(
    house: House, home: Path, case: str, exchange: str, simojo: Simojo
) -> None:
    assert simojo("evidence", "case", case, "-o", "kasus.asice").out == "wrote kasus.asice: masked\n"
    done = verify(home / "kasus.asice", *pinned(house))
    assert (done.exit_code, done.output.splitlines()[0].startswith(f"UTUH: bukti case/{case}")) == (0, True), (
        done.output
    )
    assert "WHOLE: " in done.output
    inside = everything(home / "kasus.asice")
    assert [each for each in (*PERSONAL, b"Siti", b"password-1") if each in inside] == []
    with zipfile.ZipFile(home / "kasus.asice") as archive:
        names = archive.namelist()
        page = archive.read("bukti.html").decode()
        shown = json.loads(archive.read(f"exchanges/{exchange}/shown.json"))
        receipt = json.loads(archive.read(f"exchanges/{exchange}/receipt.json"))
    assert any(each.startswith("agreements/oss-2026") for each in names)
    assert any(each.startswith("schemas/oss/receiveNIB/") for each in names)
    assert not any("/parts/" in each or each.startswith(("case/facts", "case/documents")) for each in names)
    assert receipt["salts"] == {}
    assert next(each for each in shown if each["name"] == "request")["payload"]["dataNIB"]
    assert "***" in page
    for text in (
        "permohonan didaftarkan",
        "24-11-2026 10:00:00 WIB",
        "Pasal 22(5)",
        "di luar jangkauan SIMOJO",
        exchange,
    ):
        assert text in page
    assert "<script" not in page


def test_unmasked_evidence_has_the_exact_bytes_and_they_are_what_the_ledger_holds(
    house: House, home: Path, case: str, exchange: str, simojo: Simojo
) -> None:
    done = simojo("evidence", "case", case, "-o", "kasus.asice", "--unmasked", "--reason", REASON, "--by", "agus")
    assert done.out == "wrote kasus.asice: unmasked; the read is recorded\n"
    with zipfile.ZipFile(home / "kasus.asice") as archive:
        assert archive.read(f"exchanges/{exchange}/parts/request") == EXAMPLE.read_bytes()
    judged = verify(home / "kasus.asice", *pinned(house))
    assert judged.exit_code == 0, judged.output
    assert "0 parts match" not in judged.output
    assert verify(home / "kasus.asice").exit_code == 3  # whole, and signed by whoever says so
    told = json.loads(simojo("audit", "reads", "--json").out)["reads"]
    assert [(each["actor"], each["what"], each["subject"], each["reason"], each["stands"]) for each in told] == [
        ("staff/agus", "bundle", f"case/{case}", REASON, True)
    ]
    integrate(house)
    assert simojo("ledger", "verify").code == 0


def test_a_recorded_read_that_was_changed_afterwards_is_told(exchange: str, simojo: Simojo, database: Behind) -> None:
    assert "nobody" in simojo("audit", "reads").out
    simojo("evidence", "exchange", exchange, "-o", "x.asice", "--unmasked", "--reason", REASON, "--by", "agus")
    assert REASON in simojo("audit", "reads", "--subject", f"exchange/{exchange}").out
    database.execute("UPDATE restricted_read SET reason = 'Alasan yang lain sama sekali'")
    done = simojo("audit", "reads")
    assert (done.code, "DIFFERS" in done.out) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ("--unmasked",),
        ("--reason", REASON),
        ("--by", "agus"),
        ("--unmasked", "--reason", REASON),
        ("--unmasked", "--reason", "ya", "--by", "agus"),
    ],
    ids=["bare", "masked", "looker", "nobody", "word"],
)
def test_unmasked_evidence_needs_a_reason(home: Path, exchange: str, simojo: Simojo, words: tuple[str, ...]) -> None:
    assert "[reason-missing]" in simojo("evidence", "exchange", exchange, "-o", "x.asice", *words).sentence
    who = ("--unmasked", "--reason", REASON, "--by", "nobody")
    unknown = simojo("evidence", "exchange", exchange, "-o", "x.asice", *who).sentence
    assert ("[staff-unknown]" in unknown, "simojo staff list" in unknown) == (True, True)
    assert list(home.glob("x.asice*")) == []


def test_evidence_is_not_written_over_what_is_there_unless_it_is_said(
    home: Path, exchange: str, simojo: Simojo
) -> None:
    (home / "x.asice").write_bytes(b"handed over in 2026")
    assert "[file-exists]" in simojo("evidence", "exchange", exchange, "-o", "x.asice").sentence
    assert (home / "x.asice").read_bytes() == b"handed over in 2026"
    assert simojo("evidence", "exchange", exchange, "-o", "x.asice", "--force").code == 0
    assert zipfile.is_zipfile(home / "x.asice")


@pytest.mark.usefixtures("house")
def test_what_is_not_there_has_no_evidence(home: Path, simojo: Simojo) -> None:
    assert "[exchange-unknown]" in simojo("evidence", "exchange", "x-9", "-o", "x.asice").sentence
    assert "[case-unknown]" in simojo("evidence", "case", "c-9", "-o", "x.asice").sentence
    assert list(home.glob("x.asice*")) == []


def test_after_an_erasure_the_evidence_says_so_and_still_proves_that_it_was_said(
    house: House, home: Path, case: str, simojo: Simojo, database: Behind
) -> None:
    database.execute(f"DELETE FROM data_key WHERE scope = 'case/{case}'")  # noqa: S608 - an id of the hub's
    done = simojo("evidence", "case", case, "-o", "kasus.asice", "--unmasked", "--reason", REASON, "--by", "agus")
    assert done.code == 0, done.err
    judged = verify(home / "kasus.asice", *pinned(house))
    assert (judged.exit_code, "erased" in judged.output) == (0, True), judged.output
    inside = everything(home / "kasus.asice")
    assert [each for each in PERSONAL if each in inside] == []
    assert b"Data telah dihapus" in inside


def test_witnesses_of_a_bundles_receipts_are_judged_by_keys_that_are_given_and_named_without_them(
    house: House, home: Path, case: str, simojo: Simojo
) -> None:
    witness, other = (WitnessKey(name, name.encode().ljust(32)) for name in ("saksi.example", "lain.example"))
    vouch(house, witness)
    assert simojo("evidence", "case", case, "-o", "kasus.asice").code == 0
    with zipfile.ZipFile(home / "kasus.asice") as archive:
        said = json.loads(archive.read("evidence.json"))
        assert "ikut ditandatangani saksi: <code>saksi.example</code>" in archive.read("bukti.html").decode()
    for each in (said["case"], *said["exchanges"]):
        assert (each["checkpoint"]["cosignedBy"], each["checkpoint"]["timestamped"]) == (["saksi.example"], True)
    done = verify(home / "kasus.asice", *pinned(house))
    assert (done.exit_code, "co-signed by saksi.example, cap waktu RFC 3161" in done.output) == (0, True), done.output
    assert "not judged, no key given" in done.output
    done = verify(home / "kasus.asice", *pinned(house), "--witness", witness.verifier)
    assert (done.exit_code, "co-signed by the witnesses: saksi.example" in done.output) == (0, True)
    both = ("--witness", witness.verifier, "--witness", other.verifier)
    done = verify(home / "kasus.asice", *pinned(house), *both)
    assert (done.exit_code, "witness-missing" in done.output, "lain.example" in done.output) == (1, True, True)
    assert verify(home / "kasus.asice", *pinned(house), *both, "--need", "1").exit_code == 0
    pem = house.gateway.settings.signing_certificate_file
    done = verify(home / "kasus.asice", *pinned(house), "--tsa", str(pem))  # it is over something else
    assert (done.exit_code, "timestamp" in done.output) == (1, True)


def vouch(house: House, witness: WitnessKey) -> None:
    """A line of this witness and something like a timestamp on the newest checkpoint."""
    store, at = house.gateway.store, datetime(2026, 11, 24, 4, tzinfo=UTC)
    newest = store.reader.last_checkpoint()
    assert newest is not None
    staff = {"interval_s": 300, "proposed_by": "rina", "proposed_at": at, "size": 0, "failures": 0}
    line = {"witness": witness.name, "line": witness.cosign(read_checkpoint(newest.note), int(at.timestamp()))}
    outcome = store.unit_of_work.commit(
        Plan.of(
            Insert(WitnessRow, {"name": witness.name, "verifier": witness.verifier, "state": "active", **staff}),
            Insert(CosignatureRow, {"size": newest.size, "signed_at": at, **line}),
            Insert(TimestampRow, {"size": newest.size, "token": b"not a token", "at": at}),
        )
    )
    assert outcome == Committed()


def rewritten(path: Path, change: Callable[[str, bytes], bytes | None], *more: tuple[str, bytes]) -> Path:
    """The container with files changed, left out (None) or put in."""
    target = path.with_name("changed.asice")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as made:
        for entry in source.infolist():
            data = change(entry.filename, source.read(entry))
            if data is not None:
                made.writestr(entry, data, entry.compress_type)
        for name, data in more:
            made.writestr(name, data)
    return target


def test_evidence_that_was_touched_is_broken_and_the_file_named(home: Path, exchange: str, simojo: Simojo) -> None:
    simojo("evidence", "exchange", exchange, "-o", "x.asice", "--unmasked", "--reason", REASON, "--by", "agus")
    path, part = home / "x.asice", f"exchanges/{exchange}/parts/request"
    assert verify(path).exit_code == 3
    same = rewritten(path, lambda _, data: data)
    assert verify(same).exit_code == 3
    for change, more, named in (
        (lambda name, data: data + b" " if name == part else data, (), part),
        (lambda name, data: None if name == "bukti.html" else data, (), "bukti.html is missing"),
        (lambda _, data: data, (("lagi.txt", b"x"),), "lagi.txt was added"),
        (lambda name, data: data.replace(b"text/html", b"text/plain") if name.endswith("001.xml") else data, (),
         "manifest is not the one"),
        (lambda name, data: data[:-1] + bytes([data[-1] ^ 1]) if name.endswith(".p7s") else data, (), "signature"),
    ):  # fmt: skip
        done = verify(rewritten(path, change, *more))
        assert (done.exit_code, done.output.startswith("TIDAK SAH: "), named in done.output) == (1, True, True), named
    path.write_bytes(b"PK")
    assert verify(path).exit_code == 2


def test_evidence_of_another_hub_is_not_taken_for_ours(home: Path, exchange: str, simojo: Simojo) -> None:
    simojo("evidence", "exchange", exchange, "-o", "x.asice")
    key = NoteKey.from_seed("lain.example", bytes(32)).verifier.encode()
    done = verify(home / "x.asice", "--ledger-key", key)
    assert (done.exit_code, done.output.startswith("KUNCI LAIN"), "ANOTHER KEY" in done.output) == (4, True, True)
    assert "check the key" in done.output
    assert "lain.example" in done.output
    assert verify(home / "x.asice", "--key", "lain.example+00000000+AQ==").exit_code == 2


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the independent implementation is not on this machine")
def test_the_container_is_asic_e_and_its_signature_verifies_with_openssl(
    house: House, home: Path, exchange: str, simojo: Simojo
) -> None:
    """ETSI EN 319 162-1 A.1 and 4.4.3: mimetype first and stored; ASiCManifest signed by CAdES."""
    simojo("evidence", "exchange", exchange, "-o", "x.asice")
    with zipfile.ZipFile(home / "x.asice") as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type, first.extra, first.flag_bits) == ("mimetype", 0, b"", 0)
        assert archive.read(first) == b"application/vnd.etsi.asic-e+zip"
        for name in ("META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"):
            (home / name.rpartition("/")[2]).write_bytes(archive.read(name))
    pem = house.gateway.settings.signing_certificate_file
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature001.p7s", "-content",
               "ASiCManifest001.xml", "-CAfile", str(pem), "-partial_chain", "-purpose", "any", "-cades",
               "-no_check_time", "-out", "/dev/null"]  # fmt: skip
    done = subprocess.run(command, cwd=home, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
