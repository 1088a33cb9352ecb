"""Those who deliver are woken by commits of other processes, and go on being so after their connection was lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from gateway.store import listening as module
from gateway.store.engine import connect_alone, open_engine
from gateway.store.listening import CHANNEL, Listening
from tests.postgres import Server

SOON_S = 20.0


@pytest.fixture
def engine(server: Server) -> Iterator[Engine]:
    opened = open_engine(server.create("listening"))
    yield opened
    opened.dispose()
    server.drop("listening")


def test_it_wakes_at_a_word_and_again_after_its_session_was_ended(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    woken = threading.Semaphore(0)
    listening = Listening(engine, woken.release)
    with capture_logs() as logs, connect_alone(engine, "test") as other:
        listening.start()
        for word in ("first", "second"):
            assert woken.acquire(timeout=SOON_S)  # every new connection begins with a look
            other.execute(f"NOTIFY {CHANNEL}".encode())
            assert woken.acquire(timeout=SOON_S), word
            other.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s",
                ("simojo listening",),
            )
        assert woken.acquire(timeout=SOON_S)
        listening.stop()
    assert [each["event"] for each in logs] == ["not-listening", "listening-again"] * 2
