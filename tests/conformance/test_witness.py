"""The witness program: its own verdicts, what it keeps across a crash, and its wire (C2SP tlog-witness)."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.notes import read_key
from conformance.witness.judge import Witness
from conformance.witness.memory import CHECKPOINT_FILE, KEY_FILE, Memory
from conformance.witness.merkle import EMPTY, NotConsistent, check_consistency
from conformance.witness.server import answer, make_server
from gateway.domain.errors import Misconfigured, Tampered
from gateway.ledger.checkpoint import Checkpoint, NoteKey, sign
from gateway.ledger.merkle import leaf_hash, root
from gateway.ledger.tree import TILE_WIDTH, TileId, consistency_proof

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
KEY = NoteKey.from_seed("simojo.example/ledger", bytes(range(32)))
LEAVES = [leaf_hash(str(each).encode()) for each in range(130)]
NAME = "saksi.dpupr.example"


def tile(id_: TileId) -> bytes:
    assert id_.level == 0
    return b"".join(LEAVES[id_.index * TILE_WIDTH : (id_.index + 1) * TILE_WIDTH])


def note(size: int, key: NoteKey = KEY, tree: bytes | None = None) -> str:
    return sign(Checkpoint(key.name, size, root(LEAVES[:size]) if tree is None else tree), key)


def submission(old: int, size: int, **changed: str) -> bytes:
    """What the hub sends, or that with another `proof` or `note`."""
    proof = [base64.b64encode(each).decode() for each in consistency_proof(old, size, tile)] if old <= size else []
    lines = changed.get("proof", "".join(f"{each}\n" for each in proof))
    return f"old {old}\n{lines}\n{changed.get('note', note(size))}".encode()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], tuple[Witness, list[str]]]]:
    """Start the witness in its folder, after the one before has ended however."""
    opened: list[Memory] = []

    def starting() -> tuple[Witness, list[str]]:
        for each in opened:
            each.close()
        said: list[str] = []
        memory = Memory(tmp_path / "saksi")
        opened.append(memory)
        key = memory.key(NAME, lambda size: bytes(range(size)))
        return Witness(memory, key, (read_key(KEY.verifier.encode()),), lambda: NOW, said.append), said

    yield starting
    for each in opened:
        each.close()


Start = Callable[[], tuple[Witness, list[str]]]


# --- consistency ---------------------------------------------------------------------------------------------------


def test_every_growth_up_to_130_leaves_is_seen_as_growth() -> None:
    roots = [root(LEAVES[:size]) for size in range(131)]
    for new in range(131):
        for old in range(new + 1):
            check_consistency(old, roots[old], new, roots[new], consistency_proof(old, new, tile))


@given(st.integers(1, 129), st.data())
def test_no_other_root_and_no_other_proof_passes(old: int, data: st.DataObject) -> None:
    new = data.draw(st.integers(old + 1, 130))
    proof = list(consistency_proof(old, new, tile))
    wrong = [
        (bytes(32), root(LEAVES[:new]), proof),
        (root(LEAVES[:old]), bytes(32), proof),
        (root(LEAVES[:old]), root(LEAVES[:new]), [*proof, EMPTY]),
        (root(LEAVES[:old]), root(LEAVES[:new]), proof[:-1]),
    ]
    at = data.draw(st.integers(0, len(proof) - 1))
    wrong.append((root(LEAVES[:old]), root(LEAVES[:new]), [*proof[:at], EMPTY, *proof[at + 1 :]]))
    for old_root, new_root, hashes in wrong:
        with pytest.raises(NotConsistent):
            check_consistency(old, old_root, new, new_root, hashes)


# --- the wire ------------------------------------------------------------------------------------------------------


def test_it_answers_as_tlog_witness_says(start: Start) -> None:
    witness, said = start()
    other = NoteKey.from_seed("other.example/ledger", bytes(32))
    forged = NoteKey.from_seed(KEY.name, bytes(32))
    assert answer(witness, submission(0, 5)).status == 200
    before = witness.size
    for status, body in (
        (404, submission(5, 9, note=note(9, other))),
        (403, submission(5, 9, note=note(9, forged))),
        (403, submission(5, 9, note=note(9).replace("\n9\n", "\n8\n"))),
        (400, submission(9, 5)),
        (400, b"old 5\n" + b"hash\n" * 3 + b"\n" + note(9).encode()),
        (400, b"old 05\n\n" + note(9).encode()),
        (400, b"\xff"),
        (400, submission(5, 9, proof=f"{base64.b64encode(EMPTY).decode()}\n" * 64)),
        (400, submission(5, 9, note="no note\n")),
        (422, submission(5, 9, proof="")),
    ):
        assert answer(witness, body).status == status, body[:200]
    conflict = answer(witness, submission(3, 9))
    assert (conflict.status, conflict.body, conflict.media_type) == (409, "5\n", "text/x.tlog.size")
    fork = answer(witness, submission(5, 5, note=note(5, tree=EMPTY)))
    assert (fork.status, fork.body) == (409, "5\n")
    assert witness.size == before == 5
    assert [each.partition(":")[0] for each in said] == ["REFUSED (rewrite)", "REFUSED (fork)"]
    assert answer(witness, submission(5, 9)).status == 200


def test_it_answers_over_http(start: Start) -> None:
    witness, said = start()
    server = make_server(witness, "127.0.0.1", 0, said.append)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with httpx2.Client(trust_env=False) as client:
        assert client.post(f"{url}/add-checkpoint", content=submission(0, 5)).text.startswith(f"— {NAME} ")
        conflict = client.post(f"{url}/add-checkpoint", content=submission(0, 5))
        assert (conflict.status_code, conflict.headers["content-type"]) == (409, "text/x.tlog.size")
        assert client.post(f"{url}/other", content=b"").status_code == 404
    server.shutdown()
    server.server_close()
    serving.join()


# --- what it keeps -------------------------------------------------------------------------------------------------


def test_what_it_co_signed_is_on_the_disk_before_the_line_leaves(start: Start, tmp_path: Path) -> None:
    witness, _ = start()
    answer(witness, submission(0, 5))
    (tmp_path / "saksi" / f"{CHECKPOINT_FILE}.part").write_text("half a checkp")  # a crash while the next was written
    again, _ = start()
    assert again.size == 5
    assert answer(again, submission(0, 9)).status == 409
    assert stat.S_IMODE((tmp_path / "saksi" / KEY_FILE).stat().st_mode) == 0o600


def test_a_disk_that_takes_nothing_gives_no_line(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    witness, _ = start()
    answer(witness, submission(0, 5))

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            answer(witness, submission(5, 9))
    assert start()[0].size == witness.size == 5


def test_evidence_has_both_checkpoints_and_is_written_once(start: Start, tmp_path: Path) -> None:
    witness, said = start()
    answer(witness, submission(0, 5))
    for _ in range(2):
        assert answer(witness, submission(5, 9, proof="")).status == 422
    (file,) = (tmp_path / "saksi" / "evidence").iterdir()
    evidence = json.loads(file.read_text())
    assert (evidence["held"], evidence["offered"], evidence["proof"]) == (note(5), note(9), [])
    assert len(said) == 2
    assert str(file) in said[0]


def test_it_does_not_start_on_a_folder_that_is_taken_changed_or_without_its_key(start: Start, tmp_path: Path) -> None:
    witness, _ = start()
    answer(witness, submission(0, 5))
    folder = tmp_path / "saksi"
    with pytest.raises(Misconfigured, match="another witness runs"):
        Memory(folder)
    held = (folder / CHECKPOINT_FILE).read_text()
    (folder / CHECKPOINT_FILE).write_text(held.replace("\n5\n", "\nfive\n"))
    with pytest.raises(Tampered):
        start()
    (folder / CHECKPOINT_FILE).write_text(held)
    (folder / KEY_FILE).unlink()
    with pytest.raises(Misconfigured, match="is gone"):
        start()


def test_the_command_prints_its_key_and_says_what_is_wrong(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "conformance.cli", "witness", str(tmp_path / "saksi"), "--name", NAME]

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *options], capture_output=True, text=True, timeout=60, check=False)

    key = KEY.verifier.encode()
    first, second = run("--ledger-key", key), run("--ledger-key", key)
    assert (first.returncode, first.stdout) == (0, second.stdout)
    assert first.stdout.startswith(f"{NAME}+")
    other = NoteKey.from_seed(f"{KEY.name}.lain", bytes(range(1, 33))).verifier.encode()
    for wrong in (run("--ledger-key", "simojo"), run("--ledger-key", key, "--ledger-key", other)):
        assert (wrong.returncode, "Traceback" in wrong.stderr) == (2, False)
    away = run("--ledger-key", key, "--hub", "http://127.0.0.1:9", "--once")
    assert away.returncode == 2
    assert "the hub cannot be reached" in away.stderr
