"""A store of an earlier version, with data in it, is brought to the newest form and goes on working."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine, MetaData, insert, text

from gateway.exchange.directory import Directory
from gateway.exchange.plugins import load_adapters
from gateway.store.certificate_status import key_of
from gateway.store.engine import open_engine
from gateway.store.reading import Reader
from gateway.store.schema import differences, prepare
from gateway.store.unit_of_work import whole
from gateway.store.vault import Vault
from gateway.trust.certificates import UNWATCHED, Use, check_usable, find_certificate
from gateway.trust.keys import SigningKey, key_fingerprint
from gateway.trust.secrets import MasterKey
from tests.databases import Databases
from tests.store.rows import NOW, delivery, exchange
from tests.trust.parties import AT, key

REVOKED, GOOD = key("p256", 7), key("rsa", 7)


def at_revision(engine: Engine, revision: str) -> None:
    """The store as that version made it."""
    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    with whole(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def columns(engine: Engine, table: str) -> set[str]:
    with engine.connect() as connection:
        return {row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({table})")}


@pytest.fixture
def old(tmp_path: Path) -> Engine:
    """A store of version 0.1.0 with two certificates, one of them revoked, an agency and an exchange."""
    engine = open_engine(f"sqlite:///{tmp_path / 'old.db'}")
    at_revision(engine, "0001")
    assert not {"uses", "chain", "spki_sha256"} & columns(engine, "certificate")
    insert = (
        "INSERT INTO certificate (fingerprint, agency, pem, possession, registered_at, revoked_at, revoked_because)"
    )
    with whole(engine) as connection:
        connection.execute(text("INSERT INTO agency (id, name, kind) VALUES ('dpupr', 'DPUPR', 'horizontal')"))
        for each, revoked in ((GOOD, None), (REVOKED, "2026-01-01 00:00:00.000000")):
            values = {
                "f": each.fingerprint,
                "pem": _pem(each),
                "revoked": revoked,
                "why": "hilang" if revoked else None,
            }
            connection.execute(
                text(f"{insert} VALUES (:f, 'dpupr', :pem, 'bukti', '2025-12-01 00:00:00.000000', :revoked, :why)"),
                values,
            )
        connection.execute(
            text(
                "INSERT INTO exchange (id, direction, agency, interaction, verdict, at) "
                "VALUES ('x-1', 'in', 'dpupr', 'permit-validity', 'accepted', '2026-01-02 00:00:00.000000')"
            )
        )
    return engine


def _pem(each: SigningKey) -> str:
    return each.certificate.public_bytes(Encoding.PEM).decode()


def test_certificates_of_version_0_1_0_verify_as_they_did(old: Engine) -> None:
    prepare(old)
    assert differences(old) == []
    reader = Reader(old)
    rows = {row.fingerprint: row for row in reader.certificates("dpupr")}
    assert {(row.uses, row.chain, row.possession) for row in rows.values()} == {("sign", "", "bukti")}
    assert reader.accepted_since("dpupr", AT.replace(year=2025)) == 1
    vault = Vault(reader, MasterKey(bytes(32)), bytes)
    party = Directory(reader, vault, load_adapters()).party("dpupr")
    good = find_certificate(party.certificates, GOOD.fingerprint)
    assert (good.uses, good.status, good.revoked_at) == (frozenset({Use.SIGN}), UNWATCHED, None)
    check_usable(good, AT)
    assert {row.spki_sha256 for row in rows.values()} == {None}
    for each in (GOOD, REVOKED):  # the key is known from the certificate
        key = key_fingerprint(each.certificate)
        assert key_of(rows[each.fingerprint]) == key
        assert each.fingerprint in {row.fingerprint for row in reader.certificates_over(key)}
    revoked = find_certificate(party.certificates, REVOKED.fingerprint)
    assert revoked.revoked_at is not None
    old.dispose()


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004"])
def test_a_store_of_any_earlier_revision_reaches_the_newest(tmp_path: Path, revision: str) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'some.db'}")
    at_revision(engine, revision)
    prepare(engine)
    assert differences(engine) == []
    assert {"uses", "chain", "spki_sha256"} <= columns(engine, "certificate")
    engine.dispose()


def test_deliveries_from_before_go_on_with_their_next_attempt_and_dead_ones_say_why(databases: Databases) -> None:
    with databases.new() as url:
        engine = open_engine(url)
        at_revision(engine, "0005")
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
        assert [row.id for row in reader.due_deliveries(NOW)] == ["sent"]
        engine.dispose()
