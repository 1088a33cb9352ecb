"""`simojo ledger`: a whole ledger is said to be whole; one flipped byte is found and named; exports can be checked."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import DBAPIError

from gateway.app import Gateway
from gateway.domain.errors import LedgerBroken, Misconfigured
from gateway.ledger.checkpoint import NoteKey
from gateway.ledger.receipt import verify_receipt
from gateway.ledger.verify import verify_export
from tests.cli.conftest import Simojo, opened_at
from tests.databases import Behind
from tests.office.house import House

EXAMPLE = Path(__file__).parents[2] / "schemas/oss/receiveNIB/1.0/examples/request/one-permit.json"


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
    while made.gateway.integrator.run_once():
        pass
    yield made
    made.gateway.stop()


@pytest.fixture
def exchange(house: House) -> str:
    """The exchange in which OSS sent it."""
    (row,) = house.gateway.store.reader.exchanges()
    return row.id


def flip(database: Behind, table: str, column: str, where: str) -> None:
    """Flip one bit in the middle of a stored value."""
    (before,) = database.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchone()  # noqa: S608 - names of this file
    changed = bytearray(before if isinstance(before, bytes) else before.encode())
    changed[len(changed) // 2] ^= 1
    after = bytes(changed) if isinstance(before, bytes) else changed.decode()
    found = database.execute(f"UPDATE {table} SET {column} = :after WHERE {where}", after=after)  # noqa: S608 - names of this file
    assert found.rowcount == 1


def test_a_whole_ledger_is_said_to_be_whole(house: House, simojo: Simojo) -> None:
    size = house.gateway.store.reader.tree_size()
    done = simojo("ledger", "verify")
    assert done.code == 0
    whole, root = done.out.splitlines()
    assert whole == f"ledger is whole: {size} entries, 0 waiting for their place"
    assert root.startswith("root ")
    assert len(bytes.fromhex(root.split()[1])) == 32


def test_one_flipped_byte_of_a_stored_message_is_found_and_the_exchange_named(
    exchange: str, simojo: Simojo, database: Behind
) -> None:
    flip(database, "exchange_part", "body", f"exchange = '{exchange}' AND name = 'request'")
    done = simojo("ledger", "verify")
    assert done.code == 1
    assert done.out.startswith("ledger is damaged: ")
    assert exchange in done.out
    assert done.out.splitlines()[0].endswith("[part-differs]")


@pytest.mark.usefixtures("house")
def test_one_flipped_byte_of_a_leaf_is_found_and_the_leaf_named(simojo: Simojo, database: Behind) -> None:
    flip(database, "leaf", "hash", "tree_index = 3")
    done = simojo("ledger", "verify")
    assert (done.code, "leaf 3" in done.out, "[leaf-hash-changed]" in done.out) == (1, True, True)


def test_one_changed_fact_of_a_case_is_found_and_the_case_named(house: House, simojo: Simojo, database: Behind) -> None:
    (case,) = house.gateway.store.reader.cases()
    flip(database, "case_event", "body", f"case_id = '{case.id}' AND seq = 1")
    done = simojo("ledger", "verify")
    assert (done.code, case.id in done.out) == (1, True)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("permit_case", "body = substr(body, 1, 80) || 'AAAA' || substr(body, 85)"),
        ("permit_case", "stage = 'ended-otherwise'"),
        ("case_event", "actor = 'staff/siti'"),
    ],
)
def test_a_changed_row_of_a_case_is_found(
    house: House, simojo: Simojo, database: Behind, table: str, change: str
) -> None:
    assert house.gateway.store.reader.cases()
    assert simojo("ledger", "verify").code == 0
    assert database.execute(f"UPDATE {table} SET {change}").rowcount >= 1  # noqa: S608 - names of this file
    done = simojo("ledger", "verify")
    assert (done.code, done.out.startswith("ledger is damaged: ")) == (1, True)


@pytest.mark.usefixtures("house")
def test_a_text_that_is_none_is_found_where_it_can_be_stored(simojo: Simojo, database: Behind) -> None:
    if not database.is_file:
        with pytest.raises(DBAPIError, match="invalid byte sequence"):
            database.execute("UPDATE case_event SET body = convert_from(:broken, 'UTF8')", broken=b"\xff\x7b")
        return
    assert database.execute("UPDATE case_event SET body = cast(:broken AS TEXT)", broken=b"\xff\x7b").rowcount >= 1
    done = simojo("ledger", "verify")
    assert (done.code, done.out.startswith("ledger is damaged: ")) == (1, True)


@pytest.mark.usefixtures("house")
def test_a_deleted_leaf_is_found(simojo: Simojo, database: Behind) -> None:
    assert database.execute("DELETE FROM leaf WHERE tree_index = 2").rowcount == 1
    done = simojo("ledger", "verify")
    assert (done.code, done.out.startswith("ledger is damaged: ")) == (1, True)


def test_an_export_can_be_verified_elsewhere(home: Path, house: House, simojo: Simojo) -> None:
    assert simojo("ledger", "export", "ledger.jsonl").out == "wrote ledger.jsonl\n"
    lines = (home / "ledger.jsonl").read_text().splitlines()
    verdict = verify_export(lines, house.gateway.store.note_key.verifier.encode())
    assert verdict.size == house.gateway.store.reader.tree_size()
    assert simojo("ledger", "export").out.splitlines() == lines
    assert not (home / "ledger.jsonl.part").exists()


@pytest.fixture
def exported(home: Path, house: House, simojo: Simojo) -> Path:
    """An export of the same, in the folder."""
    assert simojo("ledger", "export", "ledger.jsonl").code == 0
    return home / "ledger.jsonl"


def test_an_export_is_judged_by_the_key_that_was_handed_out(
    exported: Path, house: House, simojo: Simojo, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = simojo("ledger", "key").out.strip()
    for name in ("DATABASE_URL", "MASTER_KEY_FILE", "LEDGER_KEY_FILE"):  # none of the office is needed
        monkeypatch.setenv(f"SIMOJO_{name}", "nowhere")
    size = house.gateway.store.reader.tree_size()
    done = simojo("ledger", "verify", "ledger.jsonl", "--key", key)
    assert (done.code, done.out.startswith(f"ledger is whole: {size} entries of ")) == (0, True)
    assert "stored messages and facts are as committed" in done.out
    assert "were not looked at" in simojo("ledger", "verify", "--no-bytes", "ledger.jsonl", "--key", key).out
    own = simojo("ledger", "verify", "ledger.jsonl")
    assert (own.code, "give --key" in own.out) == (3, True)
    assert "[checkpoint-" not in own.out
    assert "[verifier-key]" in simojo("ledger", "verify", "ledger.jsonl", "--key", "nobody+1+AAAA").sentence


def test_an_export_for_outsiders_has_nothing_to_try_guesses_against(exported: Path, simojo: Simojo) -> None:
    key = simojo("ledger", "key").out.strip()
    assert exported.stat().st_mode & 0o777 == 0o600
    tree = exported.with_name("tree.jsonl")
    tree.with_name("tree.jsonl.part").touch(mode=0o644)  # of a run that was killed
    assert simojo("ledger", "export", "--no-parts", "tree.jsonl").code == 0
    assert tree.stat().st_mode & 0o777 == 0o600
    assert ('"salt"' in exported.read_text(), '"salt"' in tree.read_text()) == (True, False)
    assert checkpoints_of(tree) == checkpoints_of(exported)
    done = simojo("ledger", "verify", "tree.jsonl", "--key", key)
    assert (done.code, "stored messages were not looked at" in done.out) == (0, True)
    assert "that messages are still as committed is not" in done.out


def named(key: str) -> str:
    """A verifier key as a person compares it."""
    name, key_id, _ = key.split("+", 2)
    return f"{name} (key id {key_id})"


def test_a_key_that_did_not_sign_is_told_as_a_wrong_key_and_not_as_damage(exported: Path, simojo: Simojo) -> None:
    key = simojo("ledger", "key").out.strip()
    for name in ("lain.example/ledger", key.partition("+")[0]):
        other = NoteKey.from_seed(name, bytes(32)).verifier.encode()
        for held in ((), ("--held", "checkpoint.txt")):
            (exported.parent / "checkpoint.txt").write_text(checkpoints_of(exported)[0])
            done = simojo("ledger", "verify", "ledger.jsonl", "--key", other, *held)
            assert (done.code, done.out.startswith("ledger is signed by another key than the one given")) == (4, True)
            assert f"signed by  {named(key)}\n" in done.out
            assert f"given      {named(other)}\n" in done.out
            assert "damaged" not in done.out
    # what is damaged stays so under any key
    exported.write_text(exported.read_text().replace(r"\"actor\":\"", r"\"actor\":\"x", 1))
    done = simojo("ledger", "verify", "ledger.jsonl", "--key", other)
    assert (done.code, "[leaf-changed]" in done.out) == (1, True)


def checkpoints_of(export: Path) -> list[str]:
    """The notes of an export, in order."""
    lines = (json.loads(line) for line in export.read_text().splitlines())
    return [line["checkpoint"] for line in lines if "checkpoint" in line]


def test_an_export_that_was_cut_off_says_where_in_words(exported: Path, simojo: Simojo) -> None:
    key = simojo("ledger", "key").out.strip()
    whole = exported.read_text()
    exported.write_text(whole[: whole.index("\n", len(whole) // 2) - 5])
    done = simojo("ledger", "verify", "ledger.jsonl", "--key", key)
    line = len(exported.read_text().splitlines())
    assert (done.code, f"found that the file is cut off in line {line}." in done.out) == (1, True)
    assert done.out.startswith("the file is not a whole export")
    for left, told in ((whole[:40], "that the file is cut off in line 1"), ("", "an empty file")):
        exported.write_text(left)
        done = simojo("ledger", "verify", "ledger.jsonl", "--key", key)
        assert (done.code, f"found {told}." in done.sentence) == (2, True)


def test_a_damaged_export_is_told_with_what_it_affects_and_what_to_do(
    exported: Path, exchange: str, simojo: Simojo
) -> None:
    key = simojo("ledger", "key").out.strip()
    lines = exported.read_text().splitlines(keepends=True)
    wrong = next(at for at, line in enumerate(lines) if line.startswith('{"i":') and exchange in line)
    lines[wrong] = lines[wrong].replace(r"\"actor\":\"", r"\"actor\":\"x", 1)
    exported.write_text("".join(lines))
    done = simojo("ledger", "verify", "ledger.jsonl", "--key", key)
    index = json.loads(lines[wrong])["i"]
    assert done.code == 1
    assert done.out.startswith(f"ledger is damaged: leaf {index}: leaf-changed: ")
    for told in (f"first      leaf {index}\n", f"exchange   {exchange}\n", " WIB", "in doubt", "do now"):
        assert told in done.out


def test_what_is_held_tells_a_ledger_that_was_rolled_back_pasal_22_4(
    home: Path, house: House, exchange: str, simojo: Simojo
) -> None:
    key = simojo("ledger", "key").out.strip()
    assert simojo("ledger", "export", "older.jsonl").code == 0
    house.gateway.store.registry.set_credential("oss", "username", "username-2", "staff/agus")
    assert house.gateway.integrator.run_once()
    simojo("ledger", "receipt", exchange, "receipt.json")
    note = house.gateway.store.reader.checkpoints()[-1].note
    (home / "checkpoint.txt").write_text(note)
    whole = simojo("ledger", "verify", "--held", "receipt.json", "--held", "checkpoint.txt")
    assert (whole.code, whole.out.count("goes on from")) == (0, 2)
    assert simojo("ledger", "verify", "older.jsonl", "--key", key).code == 0
    done = simojo("ledger", "verify", "older.jsonl", "--key", key, "--held", "checkpoint.txt")
    assert (done.code, "[rolled-back]" in done.out, "or this export was made before" in done.out) == (1, True, True)
    # a receipt stands on the first checkpoint after its exchange, and knows of nothing that came later
    assert simojo("ledger", "verify", "older.jsonl", "--key", key, "--held", "receipt.json").code == 0
    (home / "checkpoint.txt").write_text(note.replace("\n", " ", 1))
    assert simojo("ledger", "verify", "older.jsonl", "--key", key, "--held", "checkpoint.txt").code == 2


@pytest.mark.usefixtures("house")
def test_leaves_alone_are_verified_at_speed(simojo: Simojo, database: Behind) -> None:
    assert simojo("ledger", "verify", "--no-bytes").code == 0
    flip(database, "leaf", "canonical", "tree_index = 3")
    done = simojo("ledger", "verify", "--no-bytes")
    assert (done.code, "first      leaf 3\n" in done.out, "[leaf-changed]" in done.out) == (1, True, True)


@pytest.mark.usefixtures("house")
def test_an_export_that_cannot_be_written_is_one_sentence(simojo: Simojo) -> None:
    assert "No such file or directory" in simojo("ledger", "export", "nowhere/ledger.jsonl").sentence


def test_a_receipt_of_an_exchange_proves_its_bytes(home: Path, house: House, exchange: str, simojo: Simojo) -> None:
    assert simojo("ledger", "receipt", exchange, "receipt.json").out == "wrote receipt.json\n"
    assert (home / "receipt.json").stat().st_mode & 0o777 == 0o600
    document = (home / "receipt.json").read_bytes()
    verifier = house.gateway.store.note_key.verifier.encode()
    request = house.gateway.store.reader.part(exchange, "request")
    assert request is not None
    assert verify_receipt(document, verifier, {"request": request.body}).exchange == exchange
    with pytest.raises(LedgerBroken):
        verify_receipt(document, verifier, {"request": request.body + b" "})
    assert b"9999014506900001" not in document


@pytest.mark.usefixtures("house")
def test_a_receipt_of_an_exchange_that_is_not_there_is_refused(home: Path, simojo: Simojo) -> None:
    assert "[exchange-unknown]" in simojo("ledger", "receipt", "x-9", "receipt.json").sentence
    assert not (home / "receipt.json").exists()


def test_the_key_for_the_agreement_is_one_line(house: House, simojo: Simojo) -> None:
    assert simojo("ledger", "key").out == f"{house.gateway.store.note_key.verifier.encode()}\n"


def test_the_key_is_rolled_over_with_overlap_by_settings_alone(
    home: Path, house: House, exchange: str, simojo: Simojo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decision 0105: both keys sign for a while; then the old one judges what it signed, and signs no more."""
    old = simojo("ledger", "key").out.strip()
    assert simojo("ledger", "receipt", exchange, "before.json").code == 0
    house.gateway.stop()
    previous = house.gateway.settings.ledger_key_file
    following = previous.with_name("ledger-2.key")
    following.write_text(base64.b64encode(bytes(range(1, 33))).decode() + "\n")

    def started(**settings: str) -> None:
        """A hub with other settings, in which something happens."""
        for name in ("LEDGER_KEY_FILE", "PREVIOUS_LEDGER_KEY_FILE", "EARLIER_LEDGER_KEYS"):
            monkeypatch.delenv(f"SIMOJO_{name}", raising=False)
        for name, value in settings.items():
            monkeypatch.setenv(f"SIMOJO_{name}", value)
        given = {name.lower(): Path(value) if name.endswith("FILE") else value for name, value in settings.items()}
        gateway = Gateway(house.gateway.settings.model_copy(update=given), clock=house.clock)
        try:
            gateway.start()
            gateway.store.registry.set_credential("oss", "username", f"username-{len(settings)}", "staff/agus")
            while gateway.integrator.run_once():
                pass
        finally:
            gateway.stop()

    with pytest.raises(Misconfigured, match="SIMOJO_EARLIER_LEDGER_KEYS"):
        started(LEDGER_KEY_FILE=str(following))
    house.clock.at += timedelta(days=1)
    started(LEDGER_KEY_FILE=str(following), PREVIOUS_LEDGER_KEY_FILE=str(previous))
    new, before = simojo("ledger", "key").out.split()
    assert before == old
    house.clock.at += timedelta(days=1)
    started(LEDGER_KEY_FILE=str(following), EARLIER_LEDGER_KEYS=old)
    told = json.loads(simojo("ledger", "key", "--json").out)["keys"]
    assert [(each["verifier"], each["beganAt"][:10], (each["endedAt"] or "")[:10]) for each in told] == [
        (new, "2026-11-25", ""),
        (old, "2026-11-24", "2026-11-26"),
    ]
    said = simojo("ledger", "key").err
    assert "signs from 2026-11-24 10:00:00 WIB until 2026-11-26 10:00:00 WIB" in said
    assert simojo("ledger", "verify").code == 0
    assert simojo("ledger", "export", "ledger.jsonl").code == 0
    assert simojo("ledger", "verify", "ledger.jsonl", "--key", new, "--key", old).code == 0
    assert simojo("ledger", "verify", "ledger.jsonl", "--key", f"{new}\n{old}").code == 0
    forgotten = simojo("ledger", "verify", "ledger.jsonl", "--key", new)
    assert (forgotten.code, f"signed by  {named(old)}\n" in forgotten.out) == (4, True)
    assert simojo("ledger", "receipt", exchange, "after.json").code == 0
    assert (home / "after.json").read_bytes() == (home / "before.json").read_bytes()  # of the key that signed it
    assert verify_receipt((home / "after.json").read_bytes(), old).trusted
