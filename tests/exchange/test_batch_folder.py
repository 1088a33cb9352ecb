"""Files of records in a watched folder: taken when whole, refused with a sentence, answered beside."""

from __future__ import annotations

import json
import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from conformance.signing import jws
from conformance.signing.keys import Identity
from gateway.domain.errors import Unauthenticated, Unauthorised
from gateway.exchange.batch.files import locked, move_files, opened_root
from gateway.exchange.batch.folder import WatchedFolder
from gateway.exchange.batch.taking import LATER_S, PATIENCE_S, QUIET_S, Taking
from gateway.operations.health import look
from gateway.operations.standing import Standing
from tests.exchange import pasar
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage
from tests.exchange.test_crash import Killed

RECORDS = [{"number": "R-1", "note": "satu"}, {"number": "R-404"}]
CONTENT = pasar.written("csv", RECORDS)


class Folder:
    """The agency's folder, and the hub's eye on it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.root = stage.folder / "berkas"
        self.desk = self.root / "pasar" / "daftar"
        (self.desk / "in").mkdir(parents=True)
        self.watched: WatchedFolder = stage.hub.watched_folder(self.root)

    def put(self, content: bytes = CONTENT, name: str = "maret", signer: Identity | None = None, **edits: Any) -> None:
        """What the agency puts there: the file first, its manifest last."""
        said = {**pasar.manifest(CONTENT, 2, "csv", name), **edits}
        del said["uploadTokenSha256"]
        body = json.dumps(said).encode()
        claims = {"iss": "pasar", "aud": "dpmptsp", "jti": said["batch"], "agr": "pasar-2026/1.0", "int": "daftar"}
        token = jws.sign_detached(body, signer or agency_identity("pasar"), claims, at=self.stage.clock())
        self._write(said["fileName"], content)
        self._write(f"{name}.manifest.jws", token.encode())
        self._write(f"{name}.manifest.json", body)

    def _write(self, name: str, content: bytes) -> None:
        path = self.desk / "in" / name
        path.write_bytes(content)
        os.utime(path, (self.stage.clock().timestamp(),) * 2)

    def look(self) -> None:
        self.watched.run_once()

    def names(self, where: str) -> list[str]:
        return sorted(each.name for each in (self.desk / where).iterdir())


@pytest.fixture
def folder(market: Stage) -> Folder:
    return Folder(market)


TAKEN = ["maret.csv", "maret.manifest.json", "maret.manifest.jws"]


def test_a_file_is_taken_when_it_lies_still_and_its_result_is_put_beside(market: Stage, folder: Folder) -> None:
    (case,) = pasar.registered(market, "R-1")
    folder.put()
    folder.look()
    assert folder.names("in") == TAKEN  # it was written a moment ago
    market.clock.advance(minutes=20)  # longer than a message may be on its way
    folder.look()
    assert (folder.names("in"), folder.names("taken"), folder.names("taken/maret")) == ([], ["maret"], TAKEN)
    pasar.work(market)
    folder.look()
    assert folder.names("out") == ["maret.report.json", "maret.report.jws", "maret.result.csv"]
    report = (folder.desk / "out" / "maret.report.json").read_bytes()
    signature = (folder.desk / "out" / "maret.report.jws").read_text()
    for years in (0, 1, 9):  # it is fetched when somebody comes, and proves for as long as it is kept
        at = market.clock() + timedelta(days=365 * years)
        header = jws.verify_detached(
            signature, report, [market.certificate], issuer="dpmptsp", audience="pasar", at=at, kept=True
        )
    exchange = pasar.batch(market).id
    assert header["leaf"] in {row.hash.hex() for row in market.hub.store.reader.leaves_of_exchange(exchange)}
    with pytest.raises(Unauthenticated, match="does not cover now"):  # it is no message, and is not taken for one
        jws.verify_detached(
            signature, report, [market.certificate], issuer="dpmptsp", audience="pasar", at=market.clock()
        )
    assert json.loads(report)["accepted"] == 1
    result = (folder.desk / "out" / "maret.result.csv").read_text()
    assert [line.split(",")[2] for line in result.splitlines()] == ["outcome", "accepted", "declined"]
    assert pasar.notes(market, case) == ["satu"]
    for each in (folder.desk / "out").iterdir():
        each.unlink()  # the agency has fetched it
    folder.look()
    assert folder.names("out") == []


def test_a_file_that_is_still_written_is_left_alone_until_it_is_whole(market: Stage, folder: Folder) -> None:
    folder.put(CONTENT[:-4])
    market.clock.advance(seconds=QUIET_S)
    folder.look()
    assert folder.names("in") == TAKEN
    folder.put()
    market.clock.advance(seconds=QUIET_S)
    folder.look()
    assert folder.names("in") == []


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ({"content": b"x" * len(CONTENT)}, "batch-file-differs"),
        ({"format": "xlsx"}, "schema-violation"),
        ({"fileName": ".rahasia"}, "batch-file-name"),
        ({"signer": "lain"}, "certificate-unknown"),
    ],
    ids=["content", "form", "name", "signer"],
)
def test_what_cannot_be_taken_is_put_aside_with_a_sentence(
    market: Stage, folder: Folder, edits: dict[str, Any], code: str
) -> None:
    if "signer" in edits:
        edits = {"signer": agency_identity("lain")}
    folder.put(**edits)
    market.clock.advance(seconds=PATIENCE_S)
    folder.look()
    assert "maret.manifest.json" not in folder.names("in")
    assert f"[{code}]" in (folder.desk / "refused" / "maret.refused.txt").read_text()
    assert market.rows("batch")["batch"] == []


def test_a_file_of_the_same_name_has_its_result_every_day(market: Stage, folder: Folder) -> None:
    (case,) = pasar.registered(market, "R-1")
    for day in ("2026-03-02", "2026-03-03"):
        content = pasar.written("csv", [{"number": "R-1", "note": day}])
        said = {**pasar.manifest(content, 1, "csv", day), "fileName": "maret.csv"}
        folder.put(b"x" * len(content), "maret", **said)
        market.clock.advance(seconds=PATIENCE_S)
        folder.look()
        assert "maret.refused.txt" in folder.names("refused")
        folder.put(content, "maret", **said)
        market.clock.advance(seconds=PATIENCE_S)
        folder.look()
        pasar.work(market)
        folder.look()
        assert "maret.refused.txt" not in folder.names("refused")  # it was refused before, and is not now
        assert folder.names(f"taken/{day}") == [".done", *TAKEN]
        assert folder.names("out") == [f"{day}.report.json", f"{day}.report.jws", f"{day}.result.csv"]
        for each in (folder.desk / "out").iterdir():
            each.unlink()
    assert pasar.notes(market, case) == ["2026-03-02", "2026-03-03"]


def test_whoever_fetches_results_may_read_them_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)  # as the units of deploy/systemd have it
    try:
        with opened_root(tmp_path) as root, root.folder("pasar", "out") as out:
            out.write("maret.result.csv", b"number\r\n")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "pasar" / "out").stat().st_mode) == 0o2770
    assert stat.S_IMODE((tmp_path / "pasar" / "out" / "maret.result.csv").stat().st_mode) == 0o640


def test_a_link_out_of_the_folder_is_not_followed(market: Stage, folder: Folder) -> None:
    secret = market.folder / "keys" / "master.key"
    folder.put(secret.read_bytes())
    (folder.desk / "in" / "maret.csv").unlink()
    (folder.desk / "in" / "maret.csv").symlink_to(secret)
    market.clock.advance(seconds=PATIENCE_S)
    folder.look()
    assert market.rows("batch_piece")["batch_piece"] == []


def test_a_link_in_the_place_of_a_result_is_not_written_through(market: Stage, folder: Folder) -> None:
    """Whoever may write in the folder knows what the hub will write there, and under which name before it is whole."""
    secret = market.folder / "keys" / "master.key"
    kept = secret.read_bytes()
    folder.put()
    market.clock.advance(minutes=20)
    folder.look()
    for name in ("maret.result.csv", "maret.report.json", "maret.report.jws"):
        (folder.desk / "out" / f".{name}.part").symlink_to(secret)
        (folder.desk / "out" / name).symlink_to(secret)
    pasar.work(market)
    folder.look()
    assert secret.read_bytes() == kept
    assert folder.names("out") == ["maret.report.json", "maret.report.jws", "maret.result.csv"]
    assert not any(each.is_symlink() for each in (folder.desk / "out").iterdir())


@pytest.mark.parametrize("name", ["in", "taken", "refused", "out", "."])
def test_a_folder_that_is_a_link_is_not_worked_in(market: Stage, folder: Folder, name: str) -> None:
    folder.look()  # makes what is missing
    elsewhere = market.folder / "elsewhere"
    (folder.desk / name).rename(elsewhere)
    (folder.desk / name).symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    folder.put()
    market.clock.advance(seconds=PATIENCE_S)
    folder.look()
    assert market.rows("batch")["batch"] == []
    assert [each for each in sorted(elsewhere.rglob("*")) if "maret" not in each.name] == before


def test_a_result_that_cannot_be_given_holds_up_no_other_and_is_told(market: Stage, folder: Folder) -> None:
    pasar.registered(market, "R-1")
    for name in ("april", "maret"):
        folder.put(name=name)
    market.clock.advance(minutes=20)
    folder.look()
    pasar.work(market)
    (folder.desk / "out" / "april.result.csv").mkdir()  # no file can be put in its place
    (folder.desk / "taken" / "maret" / "maret.manifest.json").write_text("{")  # somebody spoiled it
    folder.look()
    assert "maret.report.json" in folder.names("out")
    (told,) = folder.watched.troubles
    assert told == "folder pasar/daftar: april waits: Is a directory"
    standing = Standing(lambda: "hub a")
    standing.folder_troubles = lambda: folder.watched.troubles
    store = market.hub.store
    assert told in look(store.reader, store.unit_of_work, market.clock(), standing).warnings
    (folder.desk / "out" / "april.result.csv").rmdir()
    folder.look()
    assert (folder.watched.troubles, "april.report.json" in folder.names("out")) == ((), True)


def test_a_folder_that_cannot_be_worked_in_holds_up_no_other(market: Stage, folder: Folder) -> None:
    (folder.root / "bank").mkdir()
    (folder.root / "bank" / "settlement").symlink_to(market.folder)
    folder.put()
    market.clock.advance(seconds=QUIET_S)
    folder.look()
    assert folder.names("taken") == ["maret"]
    assert folder.watched.troubles == ("folder bank/settlement: cannot be worked in: Not a directory",)


def test_what_may_be_let_in_later_is_left_where_it_is_and_taken_then(market: Stage, folder: Folder) -> None:
    market.suspend("pasar", "diperiksa")
    folder.put()
    market.clock.advance(seconds=QUIET_S)
    for _ in range(3):
        folder.look()
    assert (folder.names("in"), folder.names("refused")) == (TAKEN, [])
    assert "suspended" in " ".join(folder.watched.troubles)
    assert market.refusals() == {}  # nothing was written for it
    market.suspend("pasar", None)
    folder.look()
    assert (folder.names("in"), folder.names("taken"), folder.watched.troubles) == ([], ["maret"], ())


def test_a_refusal_for_now_is_asked_for_again_after_a_while_alone(
    market: Stage, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def not_yet(*_: object) -> Any:
        asked.append(1)
        raise Unauthorised("valid from tomorrow", code="agreement-not-yet")

    folder.put()
    market.clock.advance(seconds=QUIET_S)
    with monkeypatch.context() as patched:
        patched.setattr(Taking, "_announced", not_yet)
        for _ in range(3):
            folder.look()
        assert (len(asked), folder.names("in")) == (1, TAKEN)
        assert folder.watched.troubles == ("folder pasar/daftar: maret waits: valid from tomorrow",)
    market.clock.advance(seconds=LATER_S)
    folder.look()
    assert folder.names("taken") == ["maret"]


def test_a_manifest_without_its_file_is_told_after_a_while(market: Stage, folder: Folder) -> None:
    folder.put()
    (folder.desk / "in" / "maret.csv").unlink()
    for wait_s, told in ((QUIET_S, 0), (PATIENCE_S, 1)):
        market.clock.advance(seconds=wait_s)
        folder.look()
        assert len(folder.watched.troubles) == told
    assert folder.watched.troubles == ("folder pasar/daftar: maret waits: maret.csv is not here: put it beside",)


def test_a_manifest_that_the_agency_did_not_sign_moves_no_file_of_theirs(market: Stage, folder: Folder) -> None:
    folder.put(signer=agency_identity("lain"))
    market.clock.advance(seconds=QUIET_S)
    folder.look()
    assert folder.names("in") == ["maret.csv"]
    assert folder.names("refused") == ["maret.manifest.json", "maret.manifest.jws", "maret.refused.txt"]


def test_two_processes_do_not_work_in_one_folder(market: Stage, folder: Folder) -> None:
    folder.put()
    market.clock.advance(seconds=QUIET_S)
    with locked(folder.root / ".lock") as is_mine:
        assert is_mine
        folder.look()
    assert folder.names("in") == TAKEN


@pytest.mark.parametrize("step", ["_announced", "_sent", "move_files-1", "move_files-2", "move_files-3", "_give"])
def test_a_process_that_dies_at_any_step_loses_and_doubles_nothing(
    market: Stage, folder: Folder, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (case,) = pasar.registered(market, "R-1")
    folder.put()
    market.clock.advance(seconds=QUIET_S)
    name, _, count = step.partition("-")
    with monkeypatch.context() as patched:
        if count:
            patched.setattr("gateway.exchange.batch.taking.move_files", _moves(int(count)))
        else:
            patched.setattr(WatchedFolder if name == "_give" else Taking, name, _dies)
        with pytest.raises(Killed):
            _all_of_it(market, folder)
    market.restart()
    again = market.hub.watched_folder(folder.root)
    again.run_once()
    market.clock.advance(minutes=1)
    pasar.work(market)
    again.run_once()
    assert (folder.names("in"), len(folder.names("out"))) == ([], 3)
    assert pasar.notes(market, case) == ["satu"]
    assert len(market.rows("batch")["batch"]) == 1


def _all_of_it(market: Stage, folder: Folder) -> None:
    folder.look()
    pasar.work(market)
    folder.look()


def _dies(*_: object) -> Any:
    raise Killed


def _moves(count: int) -> Any:
    """Moves so many files less one, and dies."""

    def move(source: Any, to: Any, *names: str) -> None:
        move_files(source, to, *names[: count - 1])
        raise Killed

    return move
