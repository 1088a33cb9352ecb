"""`simojo keys`: another master key, from its line in the file to the end of the one before."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from gateway.trust.secrets import MasterKey
from tests.cli.conftest import Simojo, opened_at
from tests.office.house import NOW as TODAY

SECRET = bytes(range(7, 39))
NEW = MasterKey(SECRET).id


def test_a_master_key_from_its_line_in_the_file_to_the_end_of_the_one_before(home: Path, simojo: Simojo) -> None:
    file = home / "keys/master.key"
    before = file.read_text()
    first = simojo("keys", "status")
    assert first.code == 0
    old = first.out[:8]
    assert f"{old}  wraps" in first.out
    needless = simojo("keys", "rotate")
    assert (needless.code, f"no newer key was found: {old}" in needless.out) == (2, True)
    assert "openssl rand -base64 32; cat" in needless.out
    assert json.loads(simojo("keys", "rotate", "--json").out)["newerKey"] is False
    file.write_text(f"{base64.b64encode(SECRET).decode()}\n{before}")
    waiting = simojo("keys", "status")
    assert waiting.code == 1
    assert f"{NEW} is the newest and wraps nothing yet: run `simojo keys rotate`" in waiting.out
    hub = opened_at(home)
    try:
        done = json.loads(simojo("keys", "rotate", "--json").out)
        assert (done["key"], done["damaged"], done["gone"]) == (NEW, 0, [old])
        assert (done["rows"] > 0, done["newerKey"]) == (True, True)
        assert len(hub.gateway.store.vault.day_key(TODAY.date()).plan.changes) == 2  # it goes on: a key, and its guard
    finally:
        hub.gateway.stop()
    assert f"{old} can be taken out of SIMOJO_MASTER_KEY_FILE" in simojo("keys", "status").out
    assert json.loads(simojo("keys", "status", "--json").out)["rotated"] is True
    file.write_text(file.read_text().splitlines()[0])
    assert simojo("keys", "status").code == 0
    assert NEW in simojo("keys", "rotate").out
    file.write_text(before)
    assert "[master-key-wrong]" in simojo("keys", "status").sentence
