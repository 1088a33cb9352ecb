"""One hub process for an SQLite file: the second is refused, and a killed one leaves no lock behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.domain.errors import Misconfigured
from gateway.store.exclusive import HubLock
from tests.postgres import Server

HOLD = """
import sys
from gateway.store.exclusive import HubLock
HubLock(sys.argv[1]).take()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_hub_on_one_store_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    first, second = HubLock(url), HubLock(url)
    first.take()
    with pytest.raises(Misconfigured, match="another hub process") as refused:
        second.take()
    assert refused.value.code == "store-in-use"
    first.release()
    second.take()
    second.release()


def test_stores_do_not_lock_each_other(tmp_path: Path) -> None:
    locks = [HubLock(f"sqlite:///{tmp_path / name}") for name in ("a.db", "b.db")]
    for lock in locks:
        lock.take()
    for lock in locks:
        lock.release()


def test_a_killed_hub_leaves_no_lock(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    command = [sys.executable, "-c", HOLD, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Misconfigured):
            HubLock(url).take()
        holder.kill()
        holder.wait()
    after = HubLock(url)
    after.take()
    after.release()


def test_a_store_on_a_server_has_room_for_many(server: Server) -> None:
    locks = [HubLock(server.url("simojo")) for _ in range(2)]
    for lock in locks:
        lock.take()
    for lock in locks:
        lock.release()
