"""A store of every tagged version, with data in every table, is brought to the newest form and goes on working.

The stores are in tests/store/versions; the tests ask for no particular newest revision.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.script import Script, ScriptDirectory
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, MetaData, Table, event, insert, inspect
from sqlalchemy.exc import OperationalError

from gateway.app import Gateway
from gateway.domain.case import Stage
from gateway.domain.errors import Misconfigured
from gateway.exchange.directory import Directory
from gateway.exchange.plugins import load_adapters
from gateway.operations.ledger_export import verify_store
from gateway.operations.old_bodies import seal_old_bodies
from gateway.store.certificate_status import key_of
from gateway.store.engine import open_engine
from gateway.store.migrations import __file__ as migrations
from gateway.store.plan import Outcome, Plan
from gateway.store.reading import Reader
from gateway.store.schema import differences, newest, prepare, revision_of
from gateway.store.sealed_rows import SEALED
from gateway.store.tables import CaseEventRow, CaseRow, DeliveryRow, DocumentRow, PartRow, PinChallengeRow
from gateway.store.unit_of_work import GroupCommit, whole
from gateway.store.vault import Vault
from gateway.trust.certificates import UNWATCHED, Use, check_usable, find_certificate
from gateway.trust.keys import SigningKey, key_fingerprint
from gateway.trust.secrets import MasterKey
from tests.databases import Databases
from tests.exchange.keys import AT, hub_leaf
from tests.exchange.voices import SOAP_12, SOAP_PATH
from tests.office.house import Clock, House, settings_in
from tests.store.due import due_deliveries
from tests.store.rows import NOW, delivery, exchange
from tests.store.versions import load as stored
from tests.store.versions.load import Version
from tests.trust.parties import key

ROOT = Path(__file__).parents[2]
MIGRATIONS = Path(migrations).parent
VERSIONS = stored.versions()
BODIES = ("permit_case", "case_event", "document", "exchange_part", "delivery", "attempt", "pin_challenge")
REVOKED, GOOD = key("p256", 7), key("rsa", 7)


@dataclass(frozen=True)
class Old:
    """A store as a version left it, not yet migrated."""

    version: Version
    engine: Engine
    url: str


@pytest.fixture(params=VERSIONS)
def old(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Old]:
    with databases.new() as url:
        engine = open_engine(url)
        stored.load(engine, VERSIONS[request.param])
        yield Old(VERSIONS[request.param], engine, url)
        engine.dispose()


def whole_tables(connection: Connection) -> dict[str, set[str]]:
    """Every table with the names of its columns."""
    asked = inspect(connection)
    return {name: {column["name"] for column in asked.get_columns(name)} for name in asked.get_table_names()}


def without_store(tags: str) -> list[str]:
    """Versions among these lines of `git tag` of which there is no store."""
    return [tag for tag in tags.split() if re.fullmatch(r"v\d+\.\d+\.\d+", tag) and tag not in VERSIONS]


def test_every_tagged_version_has_a_store_with_a_row_in_every_table() -> None:
    assert {"v0.1.0", "v0.2.0"} <= set(VERSIONS)
    assert without_store("v0.1.0\nv0.2.0\nv987.0.1\nnightly\n") == ["v987.0.1"]
    git = shutil.which("git")
    if git is not None and (ROOT / ".git").exists():  # a file, in a linked worktree; an archive has none
        # an owner other than who runs the tests is git's business elsewhere: only names of tags are read
        asked = [git, "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "tag", "--list", "v*"]
        tags = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        assert not without_store(tags), (
            "a tag has no store in tests/store/versions: check that commit out and run"
            f" `python -m tests.store.versions.dump` there, then commit its file here: {without_store(tags)}"
        )
    for tag, version in VERSIONS.items():
        assert tag == f"v{version.version}"
        assert [name for name, rows in version.tables.items() if not rows] == []


def test_every_row_is_there_with_its_values_and_the_ledger_verifies(old: Old) -> None:
    with old.engine.connect() as connection:
        assert set(old.version.tables) == set(whole_tables(connection)) - {"alembic_version"}
    assert prepare(old.engine) == newest()
    assert differences(old.engine) == []
    with old.engine.connect() as connection:
        for name, rows in old.version.tables.items():
            assert stored.found(connection, name, list(rows[0])) == stored.expected(connection, name, rows), name
    reader = Reader(old.engine)
    verdict = verify_store(reader, Vault(reader, stored.master(), bytes), stored.note_key().verifier)
    (head,) = old.version.tables["tree_head"]
    assert (verdict.ledger.size, verdict.ledger.checkpoints) == (head["size"], len(old.version.tables["checkpoint"]))
    assert verdict.pending == sum(row["tree_index"] is None for row in old.version.tables["leaf"]) > 0


# --- it goes on ---------------------------------------------------------------------------------------------------


@pytest.fixture
def house(old: Old, tmp_path: Path) -> Iterator[House]:
    """A hub of this version on the old store, at the moment at which the old one ended."""
    keys = tmp_path / "keys"
    keys.mkdir()
    leaf = hub_leaf(tmp_path / "ca")
    (keys / "hub.key.pem").write_bytes(leaf.key_pem)
    (keys / "hub.pem").write_bytes(leaf.certificate_pem)
    for name, secret in (("master.key", stored.MASTER_KEY), ("ledger.key", stored.LEDGER_KEY)):
        (keys / name).write_bytes(base64.b64encode(secret))
    clock = Clock(AT + timedelta(minutes=3))
    made = House(Gateway(settings_in(tmp_path, database_url=old.url), clock=clock), clock)
    yield made
    made.gateway.stop()


def test_messages_sent_again_get_their_answers_of_then_and_a_case_goes_on(old: Old, house: House) -> None:
    hub, client = house.gateway, TestClient(house.gateway.api)
    before = len(hub.store.reader.exchanges())
    # DPUPR and OSS repeat what they sent to the old version
    signed = parts(old.version, "technical-recommendation")
    again = client.post(SOAP_PATH, content=signed["request"], headers={"Content-Type": SOAP_12})
    assert (again.status_code, again.content) == (200, signed["answer"])
    nib = parts(old.version, "receiveNIB")
    number = json.loads(nib["request"])["dataNIB"]["nib"]
    token = hashlib.sha1(f"oss-user-7Qoss-password-7Q{number}20260302".encode(), usedforsecurity=False).hexdigest()
    again = client.post(
        "/rest/oss/receiveNIB", content=nib["request"], headers={"Token": token, "Content-Type": "application/json"}
    )
    assert (again.status_code, again.content) == (200, nib["answer"])
    assert len(hub.store.reader.exchanges()) == before
    # the official decides with the PIN that the old version sent
    (challenge,) = old.version.tables["pin_challenge"]
    pin = hub.store.master.pin(challenge["id"])
    case = hub.signing.approve(challenge["case_id"], house.officer("dewi"), challenge["id"], pin)
    assert case.stage is Stage.APPROVED
    while hub.integrator.run_once():
        pass
    reader = hub.store.reader
    verdict = verify_store(reader, hub.store.vault, hub.store.note_key.verifier)
    assert (verdict.pending, verdict.ledger.size > len(old.version.tables["leaf"])) == (0, True)


def parts(version: Version, interaction: str) -> dict[str, bytes]:
    """The stored parts of the one message of that kind that an agency sent."""
    (sent,) = (
        row["id"]
        for row in version.tables["exchange"]
        if (row["interaction"], row["direction"], row["verdict"]) == (interaction, "in", "accepted")
    )
    rows = (row for row in version.tables["exchange_part"] if row["exchange"] == sent)
    return {row["name"]: stored.bytes_of(row["body"]) for row in rows}


def test_bodies_of_an_old_store_are_sealed_in_steps_that_may_end_anywhere(old: Old) -> None:
    prepare(old.engine)
    reader, writer = Reader(old.engine), GroupCommit(old.engine)
    numbers = itertools.count(1)
    vault = Vault(reader, stored.master(), lambda size: next(numbers).to_bytes(size))
    tables = (CaseEventRow, CaseRow, DocumentRow, PartRow)
    rows = [each for each in SEALED if old.version.tables.get(str(each.__tablename__))]
    assert all(reader.unsealed(each, None) for each in tables)
    assert {DeliveryRow, PinChallengeRow} <= {each for each in rows if reader.unsealed_rows(each, None)}
    died = 0
    for lives in itertools.count(1):  # each life commits one step more than the one before, and dies
        left = iter(range(lives))

        def commit(plan: Plan, left: Iterator[int] = left) -> Outcome:
            next(left)
            return writer.commit(plan)

        try:
            seal_old_bodies(reader, vault, commit, lambda _table, _rows: None)
        except StopIteration:
            died += 1
        else:
            break
    assert died >= len(tables)
    assert reader.to_seal() == []
    assert [reader.unsealed(each, None) for each in tables] == [[], [], [], []]
    clear = {str(each.__tablename__): reader.unsealed_rows(each, None) for each in rows}
    # its file is not in the fixture: it belongs to nothing, and stays as it is
    lost = [{"batch": "x-2", "case_id": "K-2026-00000000", "cause": "ValueError"}]
    assert {name: found for name, found in clear.items() if found} in ({}, {"batch_left_out": lost})
    for case in old.version.tables["permit_case"]:
        key = reader.data_key(f"case/{case['id']}")
        assert key is not None
        assert (key.under or "").startswith("dossier/")
        assert reader.keys_under(key.under or "")
    with old.engine.connect() as connection:
        everything = repr(
            [connection.execute(Table(each, MetaData(), autoload_with=connection).select()).all() for each in BODIES]
        )
    for case in old.version.tables["permit_case"]:
        person = json.loads(case["body"])["applicant"]
        assert [
            each for each in ("nik", "name", "phone", "email") if person.get(each) and person[each] in everything
        ] == []
    for row in old.version.tables["delivery"]:
        read = reader.delivery(str(row["id"]))
        assert read is not None
        assert (read.ask_body, read.payload, read.cause) == (row["ask_body"], row["payload"], row["cause"])
    challenge = reader.pin_challenge(str(old.version.tables["pin_challenge"][0]["id"]))
    assert challenge is not None
    assert challenge.phone == old.version.tables["pin_challenge"][0]["phone"]
    for row in old.version.tables.get("batch_held", []):
        assert [(each.body, each.cause) for each in reader.held_records(str(row["batch"]))] == [
            (row["body"], row["cause"])
        ]
    verify_store(reader, vault, stored.note_key().verifier)
    writer.close()


# --- certificates, which v0.1.0 knew less of ----------------------------------------------------------------------


def test_certificates_of_version_0_1_0_verify_as_they_did(databases: Databases) -> None:
    with databases.new() as url:
        engine = open_engine(url)
        stored.at_revision(engine, "0001")
        with whole(engine) as connection:
            table = Table("certificate", MetaData(), autoload_with=connection)
            assert not {"uses", "chain", "spki_sha256"} & set(table.c.keys())
            for each, revoked in ((GOOD, None), (REVOKED, AT - timedelta(days=60))):
                values = {"fingerprint": each.fingerprint, "agency": "dpupr", "pem": _pem(each), "possession": "bukti"}
                revocation = {"revoked_at": revoked, "revoked_because": "hilang" if revoked else None}
                connection.execute(insert(table), {**values, "registered_at": AT - timedelta(days=90), **revocation})
        prepare(engine)
        reader = Reader(engine)
        rows = {row.fingerprint: row for row in reader.certificates("dpupr")}
        assert {(row.uses, row.chain, row.possession) for row in rows.values()} == {("sign", "", "bukti")}
        party = Directory(reader, Vault(reader, MasterKey(bytes(32)), bytes), load_adapters()).party("dpupr")
        good = find_certificate(party.certificates, GOOD.fingerprint)
        assert (good.uses, good.status, good.revoked_at) == (frozenset({Use.SIGN}), UNWATCHED, None)
        check_usable(good, AT)
        assert {row.spki_sha256 for row in rows.values()} == {None}
        for each in (GOOD, REVOKED):  # the key is known from the certificate
            known = key_fingerprint(each.certificate)
            assert key_of(rows[each.fingerprint]) == known
            assert each.fingerprint in {row.fingerprint for row in reader.certificates_over(known)}
        assert find_certificate(party.certificates, REVOKED.fingerprint).revoked_at is not None
        engine.dispose()


def _pem(each: SigningKey) -> str:
    return each.certificate.public_bytes(Encoding.PEM).decode()


def test_deliveries_from_before_go_on_with_their_next_attempt_and_dead_ones_say_why(databases: Databases) -> None:
    with databases.new() as url:
        engine = open_engine(url)
        stored.at_revision(engine, "0005")
        rows = [delivery("sent", "a", 1, "unknown", fence=2, attempts=2), delivery("dead", "b", 1, "dead", fence=8)]
        with whole(engine) as connection:
            old = MetaData()
            old.reflect(connection, only=["delivery", "exchange"])
            connection.execute(insert(old.tables["delivery"]), rows)
            ended = exchange(1, 0, id="dead", verdict="dead", code="used-up", direction="out")
            connection.execute(insert(old.tables["exchange"]), [ended])
        prepare(engine)
        assert differences(engine) == []
        reader = Reader(engine)
        found = {row.id: (row.last_attempt, row.outcome) for row in reader.deliveries()}
        assert found == {"sent": (2, None), "dead": (8, "used-up")}
        assert [row.id for row in due_deliveries(reader, NOW)] == ["sent"]
        engine.dispose()


# --- whole or not at all ------------------------------------------------------------------------------------------


def test_a_migration_that_fails_half_way_leaves_the_old_version_whole(databases: Databases) -> None:
    version = VERSIONS["v0.1.0"]
    with databases.new() as url:
        engine = open_engine(url)
        stored.load(engine, version)
        with engine.connect() as connection:
            before = whole_tables(connection)

        def fail(_connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
            """The disk is full at the second table of the third migration."""
            if "CREATE TABLE possession_challenge" in statement:
                raise OperationalError(statement, None, Exception("disk is full"))

        event.listen(engine, "before_cursor_execute", fail)
        with pytest.raises(Misconfigured, match="disk is full"):
            prepare(engine)
        event.remove(engine, "before_cursor_execute", fail)
        with engine.connect() as connection:
            assert (revision_of(connection), whole_tables(connection)) == ("0001", before)
            for name, rows in version.tables.items():
                assert stored.found(connection, name, list(rows[0])) == stored.expected(connection, name, rows), name
        assert prepare(engine) == newest()
        engine.dispose()


def test_a_store_of_any_earlier_revision_reaches_the_newest(databases: Databases) -> None:
    for script in scripts():
        with databases.new() as url:
            engine = open_engine(url)
            stored.at_revision(engine, script.revision)
            assert (prepare(engine), differences(engine)) == (newest(), [])
            engine.dispose()


def test_no_migration_offers_a_way_back() -> None:
    assert [script.revision for script in scripts() if hasattr(script.module, "downgrade")] == []


def scripts() -> list[Script]:
    return list(ScriptDirectory(str(MIGRATIONS)).walk_revisions())
