"""A start that cannot go well is refused in one sentence that says what to do: no stack trace, exit code 2."""

from __future__ import annotations

import shutil
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.store import soundness
from gateway.store.exclusive import HubLock
from tests.cli.conftest import Simojo
from tests.postgres import Server

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def undisturbed(simojo: Simojo) -> Iterator[None]:
    """What a process that stays sets for itself is put back."""
    kept = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    yield
    for each, handler in kept.items():
        signal.signal(each, handler)
    structlog.reset_defaults()


@pytest.fixture
def refused(plain: Path, simojo: Simojo, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """The sentence of a start with these settings, in a copy of the furnished folder that `spoil` has spoilt."""

    def start(*spoil: Callable[[Path], object], command: str = "serve", **settings: str) -> str:
        folder = tmp_path_factory.mktemp("refused")
        shutil.copytree(plain, folder, dirs_exist_ok=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                patch.setenv("SIMOJO_PORT", str(probe.getsockname()[1]))
            for name, value in settings.items():
                patch.setenv(f"SIMOJO_{name.upper()}", value)
            for each in spoil:
                each(folder)
            return simojo(command).sentence

    return start


def test_wrong_settings_and_files_are_refused(refused: Callable[..., str]) -> None:
    with ExitStack() as stack:
        taken = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
        port = str(taken.getsockname()[1])
        later = {"mode": "production", "signing_key_file": "own.key", "signing_certificate_file": "own.pem"}
        cases = {
            "[settings-invalid]": refused(mode="prod"),
            "SIMOJO_CLIENT_CERTIFICATE (is SIMOJO_CLIENT_CERTIFICATES meant?)": refused(client_certificate="required"),
            "SIMOJO_WORKER (is SIMOJO_WORKERS meant?); take them": refused(dotenv("SIMOJO_WORKER=3")),
            "SIMOJO_DATABASE_URL cannot be read": refused(database_url="::"),
            "names the engine 'mysql'": refused(database_url="mysql://a/b"),
            "names no file": refused(database_url="sqlite://"),
            "write it as %40": refused(database_url="postgresql://simojo:ra@hasia@127.0.0.1/simojo"),
            "names the driver 'asyncpg'": refused(database_url="postgresql+asyncpg://a@127.0.0.1/b"),
            "[master-key-wrong]": refused(sql("UPDATE master_key SET id = '00000000'")),
            "[master-key-missing]": refused(
                sql("INSERT INTO master_key VALUES ('00000000', 'opens', '2026-01-01 00:00:00.000000')")
            ),
            "names no database": refused(database_url="postgresql://a@127.0.0.1"),
            "unable to open database file": refused(database_url="sqlite:////nonexistent/simojo.db"),
            # nobody may make a file there, not even the superuser: as in a directory or on a disk that is read-only
            "directory that exists and has space": refused(database_url="sqlite:////proc/simojo.db"),
            "file is not a database": refused(write("simojo.db", "this is no database\n" * 100)),
            "newer than this version knows": refused(sql("UPDATE alembic_version SET version_num = '9999'")),
            "no migration made": refused(sql("DROP TABLE alembic_version")),
            "SIMOJO_MASTER_KEY_FILE names keys/master.key, which cannot be read (No such": refused(gone("master.key")),
            "SIMOJO_LEDGER_KEY_FILE names keys/ledger.key, which cannot": refused(gone("ledger.key")),
            "SIMOJO_SIGNING_KEY_FILE names keys/hub.key.pem, which cannot": refused(gone("hub.key.pem")),
            "(Is a directory)": refused(signing_certificate_file="keys"),
            "SIMOJO_MASTER_KEY_FILE must hold 32": refused(write("keys/master.key", "c2hvcnQ=")),
            "SIMOJO_LEDGER_KEY_FILE must hold 32": refused(write("keys/ledger.key", "not base64!")),
            "[key-unreadable]": refused(write("keys/hub.key.pem", "no key")),
            "[certificate-unreadable]": refused(write("keys/hub.pem", "no certificate")),
            "mismatch]": refused(own(valid_for=DAY), signing_certificate_file="own.pem"),
            "[certificate-development]": refused(mode="production"),
            "expired at": refused(own(valid_for=-DAY), **later),
            "is valid from": refused(own(valid_for=DAY, begins=DAY), **later),
            "[tls-file-unusable]": refused(tls_certificate_file="keys/hub.pem", tls_key_file="keys/master.key"),
            f"port {port}": refused(port=port),
            "[store-in-use]": refused(lambda folder: stack.callback(held(folder).release)),
            "[worker-needs-server]": refused(command="worker"),
            "[worker-without-threads]": refused(command="worker", workers="0", database_url="postgresql://a/b"),
            "the database cannot be opened": refused(database_url="postgresql://a@127.0.0.1:1/b", command="worker"),
        }
    assert [(wanted, told) for wanted, told in cases.items() if wanted not in told] == []


def test_servers_that_will_not_do_are_refused(
    refused: Callable[..., str], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.create("refused")
    by_language = server.create("by-language", how="LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C' ENCODING 'SQL_ASCII'")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN")
        connection.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
    rules = server.data / "pg_hba.conf"
    rules.write_text(f"local all locked scram-sha-256\n{rules.read_text()}")
    await_password(server, url)
    locked = url.replace("simojo@", "locked:wrong@")
    later = {"mode": "production", "signing_key_file": "own.key", "signing_certificate_file": "own.pem"}
    cases = {
        'database "nowhere" does not exist': refused(database_url=server.url("nowhere")),
        'password authentication failed for user "locked"': refused(database_url=locked),
        "permission denied for schema public": refused(database_url=url.replace("simojo@", "guest@")),
        "[database-collation]": refused(database_url=by_language),
        "[database-not-durable]": refused(own(valid_for=DAY), database_url=url, **later),
    }
    assert "wrong" not in cases['password authentication failed for user "locked"']
    monkeypatch.setattr(soundness, "OLDEST", 99)
    cases["99 or newer is needed"] = refused(database_url=url)
    assert [(wanted, told) for wanted, told in cases.items() if wanted not in told] == []
    for name in ("refused", "by-language"):
        server.drop(name)


# --- spoiling -----------------------------------------------------------------------------------------------------


def write(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


def dotenv(line: str) -> Callable[[Path], object]:
    return write(".env", f"{line}\nOTHER=1\n")


def gone(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "keys" / name).unlink()


def sql(statement: str) -> Callable[[Path], object]:
    def run(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "simojo.db", isolation_level=None)) as connection:
            connection.execute(statement)

    return run


def held(folder: Path) -> HubLock:
    """Another hub's hold on the store of a folder."""
    lock = HubLock(f"sqlite:///{folder / 'simojo.db'}")
    lock.take()
    return lock


def own(*, valid_for: timedelta, begins: timedelta = -2 * DAY) -> Callable[[Path], object]:
    """Write `own.key` and `own.pem`, of no development authority; the times count from now."""

    def make(folder: Path) -> None:
        now = datetime.now(UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dpmptsp")])
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now + begins)
            .not_valid_after(now + max(begins, timedelta(0)) + valid_for)
            .sign(key, SHA256())
        )
        (folder / "own.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (folder / "own.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    return make


def await_password(server: Server, url: str) -> None:
    """Have the server read its rules again, and wait until it asks for the password."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            psycopg.connect(url.replace("+psycopg", "").replace("simojo@", "locked@")).close()
        except psycopg.OperationalError:
            return
    raise AssertionError("the server does not ask for the password")
