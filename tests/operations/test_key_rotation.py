"""Master keys: which a store needs, changing to another while others are at work, and what never changes with it."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from gateway.casework.leaves import Leaves
from gateway.domain.errors import HubBusy, Misconfigured, Refused
from gateway.operations import key_rotation
from gateway.operations.key_holders import announce
from gateway.operations.key_rotation import Rotation
from gateway.operations.master_keys import make_sure, settle
from gateway.store.derived import PURPOSES, Derived
from gateway.store.engine import is_shared
from gateway.store.exclusive import HubLock
from gateway.store.leadership import SharedLeadership
from gateway.store.plan import Claim, Committed, Conflict, Outcome, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import DataKeyRow
from gateway.store.tables.keys import GONE, OPENS, WRAPS
from gateway.store.unit_of_work import GroupCommit, UnitOfWork
from gateway.store.vault import Vault
from gateway.store.wrapping import data_key_context
from gateway.trust.key_ring import KeyRing
from gateway.trust.secrets import MasterKey
from tests.operations.ledgers import NOW, Office

OLD, NEW = MasterKey(bytes(range(32))), MasterKey(bytes(range(1, 33)))
BOTH, ONLY_OLD, ONLY_NEW = KeyRing([NEW, OLD]), KeyRing([OLD]), KeyRing([NEW])
CASES = [f"c-{each}" for each in range(5)]

Random = Callable[[int], bytes]


@pytest.fixture
def random() -> Random:
    numbers = itertools.count()
    return lambda size: hashlib.shake_256(str(next(numbers)).encode()).digest(size)


@pytest.fixture
def filled(office: Office, random: Random) -> Office:
    """A store under the old key with all that a master key wraps."""
    settle(office.reader, ONLY_OLD, office.writer.commit, random, NOW)
    vault = Vault(office.reader, ONLY_OLD, random)
    for case in CASES:
        assert office.writer.commit(vault.case_key(case, f"nik/{case}").plan) == Committed()
    office.writer.commit(vault.day_key(NOW.date()).plan)
    office.writer.commit(Plan(vault.secrets.seal_credential("bank", "client_secret", "rahasia")))
    office.writer.commit(Plan(vault.secrets.hold("challenge", "frasa", NOW + timedelta(minutes=5))))
    return office


def rotation(office: Office, random: Random, *, ring: KeyRing = BOTH, writer: UnitOfWork | None = None) -> Rotation:
    return Rotation(
        reader=office.reader,
        unit_of_work=writer or office.writer,
        engine=office.engine,
        ring=ring,
        leaves=Leaves(Derived(office.reader, ring), office.new_id),
        random=random,
    )


def states(reader: Reader) -> dict[str, str]:
    return {row.id: row.state for row in reader.master_keys()}


def told(office: Office) -> list[tuple[str, str]]:
    """What the ledger says of master keys: the step, and which key."""
    said = [json.loads(row.canonical) for row in office.reader.pending_leaves()]
    return [(each["extra"]["step"], each["extra"]["master-key"]) for each in said if each["kind"] == "key"]


def opened(office: Office, ring: KeyRing, random: Random) -> tuple[object, ...]:
    """All that is kept under master keys, opened, and what is derived."""
    vault, derived = Vault(office.reader, ring, random), Derived(office.reader, ring)
    return (
        [vault.stored_key(f"case/{case}") for case in CASES],
        vault.stored_key(f"day/{NOW.date()}"),
        vault.secrets.credential("bank", "client_secret"),
        vault.secrets.held("challenge", NOW),
        vault.dossier_digest("nik/c-1"),
        [derived.derive(each) for each in PURPOSES],
        derived.pin("challenge"),
    )


def test_a_rotation_wraps_everything_anew_changes_nothing_that_is_derived_and_is_told_in_the_ledger(
    filled: Office, random: Random
) -> None:
    before = opened(filled, ONLY_OLD, random)
    assert filled.reader.wrapped_counts() == {OLD.id: 9}
    bar: list[tuple[int, int]] = []
    done = rotation(filled, random).run("staff/console", NOW, lambda *said: bar.append(said))
    assert (done.rows, done.damaged, done.gone) == (9, 0, (OLD.id,))
    assert (bar[0], bar[-1]) == ((0, 9), (9, 9))
    assert filled.reader.wrapped_counts() == {NEW.id: 9}
    assert states(filled.reader) == {NEW.id: WRAPS, OLD.id: GONE}
    assert told(filled) == [("master-key-wraps", NEW.id), ("master-key-gone", OLD.id)]
    make_sure(filled.reader, ONLY_NEW)  # the old one can be left out
    assert opened(filled, ONLY_NEW, random) == before
    assert rotation(filled, random).run("staff/console", NOW).rows == 0
    assert len(told(filled)) == 2
    assert rotation(filled, random).standing().is_rotated


class Mortal:
    """Commits once, then the process is gone."""

    def __init__(self, writer: GroupCommit) -> None:
        self._writer = writer
        self.commits = 0

    def commit(self, plan: Plan) -> Outcome:
        if self.commits:
            raise HubBusy("killed")
        self.commits += 1
        return self._writer.commit(plan)

    def close(self) -> None:
        """Nothing of its own."""


def test_killed_after_any_commit_both_keys_are_needed_and_the_next_run_goes_on(
    filled: Office, random: Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "ROWS", 2)
    before = opened(filled, ONLY_OLD, random)
    ended = 0
    for _ in range(20):
        mortal = Mortal(filled.writer)
        try:
            rotation(filled, random, writer=mortal).run("staff/console", NOW)
        except HubBusy:
            ended += 1
            assert opened(filled, BOTH, random) == before
            if states(filled.reader)[OLD.id] == OPENS:
                for lacking in (ONLY_OLD, ONLY_NEW):
                    with pytest.raises(Misconfigured, match="as a line below") as caught:
                        make_sure(filled.reader, lacking)
                    assert caught.value.code == "master-key-missing"
        else:
            break
    assert ended >= 6
    assert states(filled.reader) == {NEW.id: WRAPS, OLD.id: GONE}
    assert [step for step, _ in told(filled)] == ["master-key-wraps", "master-key-gone"]
    assert opened(filled, ONLY_NEW, random) == before


def test_nothing_that_was_prepared_under_the_earlier_key_comes_in_after_the_switch(
    filled: Office, random: Random
) -> None:
    vault = Vault(filled.reader, BOTH, random)
    late = [vault.case_key("c-9", "nik/9").plan, Plan(vault.secrets.seal_credential("oss", "password", "lama"))]
    rotation(filled, random).run("staff/console", NOW)
    for plan in late:
        assert isinstance(filled.writer.commit(plan), Conflict)
    assert filled.writer.commit(vault.case_key("c-9", "nik/9").plan) == Committed()  # as `prepared_again` does
    assert filled.reader.wrapped_counts() == {NEW.id: 10}


@contextmanager
def at_work(engine: Engine, name: str) -> Iterator[None]:
    """A process that others can see."""
    if is_shared(engine):
        leadership = SharedLeadership(engine, name)
        leadership.look()
        try:
            yield
        finally:
            leadership.stop()
        return
    lock = HubLock(engine.url.render_as_string(hide_password=False))
    lock.take()
    try:
        yield
    finally:
        lock.release()


def test_a_rotation_waits_for_every_process_at_work_to_have_both_keys(
    filled: Office, random: Random, engine: Engine
) -> None:
    reader, writer = filled.reader, filled.writer
    one, two, three = (f"hub a process {each}" for each in range(1, 4))
    with at_work(engine, one):
        with pytest.raises(Refused, match="is at work and does not have") as caught:
            rotation(filled, random).run("staff/console", NOW)  # it has not said yet which keys it has
        assert caught.value.code == "key-not-everywhere"
        announce(reader, writer, engine, ONLY_OLD, one, NOW)
        with pytest.raises(Refused, match="hub a process 1 is at work"):
            rotation(filled, random).run("staff/console", NOW)
        assert states(reader) == {OLD.id: WRAPS}
    with at_work(engine, two):
        announce(reader, writer, engine, BOTH, two, NOW)
        if not is_shared(engine):  # a server shows an ended session for a moment
            assert [row.name for row in reader.key_holders()] == [two]
        assert rotated_soon(filled, random) == (OLD.id,)
    with at_work(engine, three), pytest.raises(Misconfigured, match="has to hold the key"):
        announce(reader, writer, engine, ONLY_OLD, three, NOW)  # it was started with the old file


def rotated_soon(office: Office, random: Random) -> tuple[str, ...]:
    """Rotate as soon as the server has noticed that a session ended."""
    for _ in range(1000):
        with suppress(Refused):
            return rotation(office, random).run("staff/console", NOW).gone
    raise AssertionError("it is still at work")


def test_a_process_that_comes_in_between_is_seen_or_sees(filled: Office, random: Random) -> None:
    """It says which keys it has after the rotation looked around, and before it switched: the rotation looks again."""

    class Meanwhile(Mortal):
        def commit(self, plan: Plan) -> Outcome:
            self.commits += 1
            if self.commits == 1:
                announce(filled.reader, filled.writer, filled.engine, BOTH, "worker b process 2", NOW)
                outcome = self._writer.commit(plan)
                assert isinstance(outcome, Conflict)
                return outcome
            return self._writer.commit(plan)

    assert rotation(filled, random, writer=Meanwhile(filled.writer)).run("staff/console", NOW).rows == 9


def test_a_row_that_does_not_open_is_counted_and_keeps_its_key_needed(filled: Office, random: Random) -> None:
    scope = f"day/{NOW.date()}"
    stored = filled.reader.data_key(scope)
    assert stored is not None
    damaged = stored.wrapped[:-1] + bytes([stored.wrapped[-1] ^ 1])
    filled.writer.commit(Plan.of(Update(DataKeyRow, {"scope": scope}, {}, {"wrapped": damaged})))
    done = rotation(filled, random).run("staff/console", NOW)
    assert (done.rows, done.damaged, done.gone) == (8, 1, ())
    assert not rotation(filled, random).standing().is_rotated
    mended = {"wrapped": stored.wrapped}
    filled.writer.commit(Plan.of(Update(DataKeyRow, {"scope": scope}, {"wrapped": damaged}, mended)))
    assert rotation(filled, random).run("staff/console", NOW).gone == (OLD.id,)


def test_a_store_of_an_older_version_keeps_its_digests_whichever_keys_are_there(office: Office, random: Random) -> None:
    wrapped = OLD.seal(bytes(32), data_key_context("day/2026-01-01"), random(12))
    row = {"scope": "day/2026-01-01", "wrapped": wrapped}
    office.writer.commit(Plan.of(Claim(DataKeyRow, ("scope",), row)))
    with pytest.raises(Misconfigured) as caught:
        settle(office.reader, ONLY_NEW, office.writer.commit, random, NOW)
    assert caught.value.code == "master-key-wrong"
    settle(office.reader, BOTH, office.writer.commit, random, NOW)
    assert states(office.reader) == {OLD.id: WRAPS}  # the newest wraps when a rotation says so
    rotation(office, random).run("staff/console", NOW)
    derived = Derived(office.reader, ONLY_NEW)
    assert [derived.derive(each) for each in PURPOSES] == [OLD.derive(each) for each in PURPOSES]
    assert derived.derive("another") != OLD.derive("another")  # the old key itself is nowhere
    assert Vault(office.reader, ONLY_NEW, random).stored_key("day/2026-01-01") == bytes(32)
    assert office.reader.wrapped_counts() == {NEW.id: 9}
