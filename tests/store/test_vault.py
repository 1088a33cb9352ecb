"""Data keys and credentials: sealed in the store, one key for a scope, lost with its row."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from gateway.domain.errors import Misconfigured, Tampered
from gateway.store.plan import GENERATION, Claim, Committed, Conflict, Delete, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import CounterRow, CredentialRow, DataKeyRow
from gateway.store.unit_of_work import GroupCommit
from gateway.store.vault import MAX_FRESH, Vault, scope_of
from gateway.trust.secrets import MasterKey

MASTER = MasterKey(bytes(range(32)))


def counted() -> Callable[[int], bytes]:
    """Bytes that never repeat, for a test."""
    numbers = itertools.count()
    return lambda size: hashlib.shake_256(str(next(numbers)).encode()).digest(size)


@pytest.fixture
def vault(reader: Reader) -> Vault:
    return Vault(reader, MASTER, counted())


def test_a_case_key_is_made_once_and_is_the_same_ever_after(vault: Vault, writer: GroupCommit, reader: Reader) -> None:
    made = vault.case_key("c-1")
    assert len(made.key) == 32
    assert made.plan.changes != ()
    assert writer.commit(made.plan) == Committed()
    assert vault.case_key("c-1") == (made.key, Plan())
    assert Vault(reader, MASTER, counted()).case_key("c-1").key == made.key


def test_scopes_do_not_share_a_key(vault: Vault) -> None:
    keys = {vault.case_key("c-1").key, vault.case_key("c-2").key, vault.day_key(date(2026, 1, 5)).key}
    assert len(keys) == 3


def test_a_key_not_yet_committed_is_the_same_for_all_who_ask_and_its_plan_may_come_twice(
    vault: Vault, writer: GroupCommit
) -> None:
    one, two = vault.case_key("c-1"), vault.case_key("c-1")
    assert one == two
    assert writer.commit(one.plan + two.plan) == Committed()
    assert isinstance(writer.commit(two.plan), Conflict)


def test_of_two_processes_that_make_a_key_the_first_committed_is_the_key(
    vault: Vault, writer: GroupCommit, reader: Reader
) -> None:
    other = Vault(reader, MASTER, lambda size: bytes([7]) * size)
    ours, theirs = vault.day_key(date(2026, 1, 5)), other.day_key(date(2026, 1, 5))
    assert ours.key != theirs.key
    assert writer.commit(theirs.plan) == Committed()
    assert isinstance(writer.commit(ours.plan), Conflict)
    assert vault.day_key(date(2026, 1, 5)) == (theirs.key, Plan())


def test_keys_of_refused_plans_are_forgotten_in_the_end(vault: Vault) -> None:
    first = vault.case_key("c-first")
    for number in range(MAX_FRESH - 1):
        vault.case_key(f"c-{number}")
    assert vault.case_key("c-first") == first
    vault.case_key("c-last")
    assert vault.case_key("c-first") != first


@pytest.mark.parametrize(("case_id", "scope"), [("c-1", "case/c-1"), (None, "day/2026-01-04"), ("", "day/2026-01-04")])
def test_an_exchange_has_the_key_of_its_case_else_of_its_day_in_utc(
    vault: Vault, case_id: str | None, scope: str
) -> None:
    at = datetime(2026, 1, 5, 6, 30, tzinfo=timezone(timedelta(hours=7)))
    assert scope_of(case_id, at) == scope
    *dossier, change = vault.exchange_key(case_id, at).plan.changes
    assert bool(dossier) is bool(case_id)  # a case key has one above it
    assert isinstance(change, Claim)
    assert change.values["scope"] == scope
    assert vault.day_key(date(2026, 1, 4)) == vault.exchange_key(None, at.astimezone(UTC))


def test_a_key_is_not_in_the_store_in_clear_and_is_gone_with_its_row(
    vault: Vault, writer: GroupCommit, reader: Reader
) -> None:
    made = vault.case_key("c-1")
    assert vault.stored_key("case/c-1") is None
    writer.commit(made.plan)
    wrapped = reader.data_key("case/c-1")
    assert wrapped is not None
    assert made.key not in wrapped.wrapped
    assert vault.stored_key("case/c-1") == made.key
    writer.commit(Plan.of(Delete(DataKeyRow, {"scope": "case/c-1"})))
    assert vault.stored_key("case/c-1") is None
    assert vault.case_key("c-1").key != made.key


def test_a_days_key_is_held_for_one_generation_of_the_registry(
    vault: Vault, writer: GroupCommit, reader: Reader
) -> None:
    at = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
    made = vault.key_under(0, None, at)
    assert made.plan.changes
    writer.commit(made.plan)
    held = vault.key_under(0, None, at)
    assert held == (made.key, Plan())
    writer.commit(Plan.of(Delete(DataKeyRow, {"scope": "day/2026-01-05"})))
    assert vault.key_under(0, None, at) is held  # a plan that stands on that generation conflicts by now
    assert vault.key_under(reader.counter(GENERATION), None, at).key != made.key


def test_a_key_moved_to_another_scope_or_under_another_master_key_does_not_open(
    vault: Vault, writer: GroupCommit, reader: Reader
) -> None:
    writer.commit(vault.case_key("c-1").plan)
    wrapped = reader.data_key("case/c-1")
    assert wrapped is not None
    moved = {"scope": "case/c-2", "wrapped": wrapped.wrapped, "under": wrapped.under}
    writer.commit(Plan.of(Claim(DataKeyRow, ("scope",), moved)))
    with pytest.raises(Tampered):
        vault.case_key("c-2")
    with pytest.raises(Tampered):
        Vault(reader, MasterKey(bytes(32)), counted()).case_key("c-1")


def test_a_credential_is_sealed_opened_and_replaced(vault: Vault, writer: GroupCommit, reader: Reader) -> None:
    with pytest.raises(Misconfigured, match="client_secret") as caught:
        vault.secrets.credential("bank", "client_secret")
    assert caught.value.code == "credential-missing"
    for secret in ("first-secret", "second-secret"):
        assert writer.commit(Plan(vault.secrets.seal_credential("bank", "client_secret", secret))) == Committed()
        assert vault.secrets.credential("bank", "client_secret") == secret
    (row,) = reader.credentials("bank")
    assert b"secret" not in row.sealed


def test_of_two_who_replace_a_credential_the_second_is_told(vault: Vault, writer: GroupCommit) -> None:
    writer.commit(Plan(vault.secrets.seal_credential("bank", "client_secret", "first")))
    (ours,), (theirs,) = (vault.secrets.seal_credential("bank", "client_secret", each) for each in ("ours", "theirs"))
    assert isinstance(ours, Update)
    assert writer.commit(Plan.of(theirs)) == Committed()
    assert writer.commit(Plan.of(ours, Claim(CounterRow, ("name",), {"name": "a", "value": 1}))) == Conflict(ours)
    assert vault.secrets.credential("bank", "client_secret") == "theirs"


def test_a_credential_moved_to_another_name_does_not_open(vault: Vault, writer: GroupCommit, reader: Reader) -> None:
    writer.commit(Plan(vault.secrets.seal_credential("bank", "client_secret", "first")))
    sealed = reader.credential("bank", "client_secret")
    assert sealed is not None
    moved = {"agency": "oss", "name": "client_secret", "sealed": sealed}
    writer.commit(Plan.of(Claim(CredentialRow, ("agency", "name"), moved)))
    with pytest.raises(Tampered):
        vault.secrets.credential("oss", "client_secret")
