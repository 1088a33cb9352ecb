"""How the hub is: whether it can take exchanges, and what a person should look at."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from gateway.domain.errors import HubBusy
from gateway.operations.health import Health, look
from gateway.operations.standing import Standing
from gateway.store.plan import Insert, Plan
from gateway.store.tables import AgencyRow, DeliveryRow
from tests.operations.ledgers import NOW, Office


def seen(office: Office, at: datetime = NOW, leader: str | None = "hub a") -> Health:
    return look(office.reader, office.writer, at, Standing(lambda: leader))


def test_a_hub_with_nothing_to_do_is_ready_and_has_no_warnings(office: Office) -> None:
    health = seen(office)
    assert health.ready
    assert health.warnings == ()
    assert (health.pending_leaves, health.oldest_pending_s, health.dead_letters, health.suspended) == (0, 0.0, 0, {})


def test_looking_again_does_not_pile_up(office: Office) -> None:
    for _ in range(3):
        seen(office)
    assert office.value("SELECT count(*) FROM counter") == 1


def test_a_store_that_cannot_write_is_not_ready_and_says_why(office: Office) -> None:
    office.writer.close()
    health = seen(office)
    assert not health.ready
    assert "closing" in health.store_fault
    assert health.warnings == (health.store_fault,)


def test_a_store_that_cannot_be_read_is_busy(office: Office) -> None:
    office.damage("INSERT INTO counter VALUES ('a', 1)")
    with office.engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE agency")
    with pytest.raises(HubBusy):
        seen(office)


@pytest.mark.parametrize(("seconds", "warned"), [(0, False), (60, False), (61, True)])
def test_a_leaf_that_waits_longer_than_promised_is_a_warning(office: Office, seconds: int, *, warned: bool) -> None:
    office.deeds(2)
    health = seen(office, NOW + timedelta(seconds=seconds))
    assert health.ready
    assert (health.pending_leaves, health.oldest_pending_s) == (2, float(seconds))
    assert any("integrator" in warning for warning in health.warnings) is warned
    office.integrator().run_once()
    assert seen(office, NOW + timedelta(seconds=seconds)).warnings == ()


def test_a_clock_that_was_set_back_does_not_make_a_leaf_older_than_new(office: Office) -> None:
    office.deeds(1)
    assert seen(office, NOW - timedelta(hours=1)).oldest_pending_s == 0.0


def test_a_clock_that_was_set_back_behind_the_ledger_is_a_warning_and_holds_up_nobody(office: Office) -> None:
    office.deeds(1)
    office.integrator().run_once()
    for minutes, warned in ((0, False), (1, False), (60, True)):
        health = seen(office, NOW - timedelta(minutes=minutes))
        assert health.ready
        assert [each for each in health.warnings if f"{minutes * 60} s behind the ledger" in each] == list(
            health.warnings
        )
        assert bool(health.warnings) is warned


def test_a_clock_that_is_not_the_servers_is_a_warning_and_holds_up_nobody(office: Office) -> None:
    standing = Standing(lambda: "hub a")
    for seconds, said in ((10.0, ()), (-10.0, ()), (12.0, ("12 s ahead of",)), (-12.0, ("12 s behind",))):
        standing.clock_apart_s = seconds
        health = look(office.reader, office.writer, NOW, standing)
        assert health.ready
        assert len(health.warnings) == len(said)
        assert all(part in health.warnings[0] and "claims no deliveries" in health.warnings[0] for part in said)


def test_a_store_that_nobody_leads_is_a_warning(office: Office) -> None:
    assert seen(office).leader == "hub a"
    assert seen(office, leader=None).warnings == (
        "no process leads: the ledger and the timers stand still; see that a hub or worker runs",
    )


def test_a_waiting_leaf_that_cannot_be_read_is_a_warning(office: Office) -> None:
    office.deeds(1)
    office.flip("leaf", "canonical", "tree_index IS NULL")
    health = seen(office)
    assert health.oldest_pending_s is None
    assert any("ledger verify" in warning for warning in health.warnings)


def test_dead_letters_and_suspended_agencies_are_warnings_that_hold_up_nobody(office: Office) -> None:
    agency = {"name": "-", "kind": "vertical"}
    delivery = {
        "queue": "c-1/oss",
        "agency": "oss",
        "interaction": "license-status",
        "agreement": "oss-2026",
        "agreement_version": "1.0",
        "case_id": "c-1",
        "case_version": 1,
        "ask_kind": "report",
        "ask_body": "{}",
        "made_at": NOW,
        "due_at": NOW,
        "attempts": 0,
        "fence": 0,
    }
    office.commit(
        Plan.of(
            Insert(AgencyRow, {**agency, "id": "oss", "suspended": "schema differs"}),
            Insert(AgencyRow, {**agency, "id": "bank", "suspended": None}),
            *(
                Insert(DeliveryRow, {**delivery, "id": f"d-{n}", "message_id": f"m-{n}", "position": n, "state": state})
                for n, state in enumerate(("dead", "queued", "dead"))
            ),
        )
    )
    health = seen(office)
    assert health.ready
    assert (health.dead_letters, dict(health.suspended)) == (2, {"oss": "schema differs"})
    assert health.warnings == (
        "2 deliveries were given up and wait for a person",
        "agency oss is suspended: schema differs",
    )
