"""What may not leave now waits for staff: agreements past their day, lost workers, and rows that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.domain.calendar import local_date
from gateway.domain.errors import Unauthorised
from gateway.exchange.sentences import WORKER_ENDED
from gateway.exchange.verdict import HELD_BACK
from gateway.office.signing import PinStep
from gateway.store.engine import is_shared
from gateway.store.tables import DeliveryRow
from tests.exchange.deliveries import asked, attempts, now
from tests.exchange.keys import AT
from tests.exchange.stage import DEWI, Stage
from tests.exchange.test_crash import Killed, Mortal
from tests.exchange.town import raw

Kill = Callable[[Stage, DeliveryRow], None]


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Kill:
    """End the process just after it has claimed a delivery; another one begins, and has not looked yet."""

    def killed(stage: Stage, delivery: DeliveryRow) -> None:
        monkeypatch.setattr(Mortal, "after", 1)
        monkeypatch.setattr(Mortal, "written", True)
        stage.restart(Mortal)
        with pytest.raises(Killed):
            stage.hub.outbound.deliver(delivery.id)
        stage.restart()
        assert now(stage, delivery).state == "sending"

    return killed


def recovered(stage: Stage) -> int:
    """Take back as a process that begins: at once where it is alone, else when the lost one's lease is over."""
    alone = not is_shared(stage.hub.store.engine)
    if not alone:
        assert stage.hub.outbound.recover() == 0
        stage.clock.advance(minutes=1)
    return stage.hub.outbound.recover(alone=alone)


def pin(stage: Stage) -> DeliveryRow:
    """A delivery that is never repeated."""
    case = stage.validated()
    stage.hub.signing.ask_pin(case.id, DEWI, PinStep.APPROVE)
    return stage.delivery(case.id, "sms")


# --- agreements past their day ------------------------------------------------------------------------------------


def last_day(stage: Stage, agency: str) -> None:
    """An agreement whose last day is today."""
    stage.agree(agency, ("valid_until = 2028-12-31", f"valid_until = {local_date(AT)}"))


def queued(_stage: Stage, _delivery: DeliveryRow) -> None:
    """It was never tried."""


def retried(stage: Stage, delivery: DeliveryRow) -> None:
    stage.town.next(delivery.agency, raw(b"", 503))
    stage.hub.outbound.deliver(delivery.id)


def redriven(stage: Stage, delivery: DeliveryRow) -> None:
    stage.town.next(delivery.agency, raw(b"no", 404))
    stage.hub.outbound.deliver(delivery.id)
    stage.letters.redrive(delivery.id, "staff/siti")


@pytest.mark.parametrize(("before", "state"), [(queued, "queued"), (retried, "not-sent"), (redriven, "queued")])
def test_nothing_leaves_under_an_agreement_past_its_last_day_21_2(
    stage: Stage, before: Callable[[Stage, DeliveryRow], None], state: str
) -> None:
    last_day(stage, "dukcapil")
    delivery = asked(stage, "dukcapil")
    before(stage, delivery)
    calls = len(stage.town.calls["dukcapil"])
    stage.clock.advance(days=1)
    assert stage.deliver("dukcapil") == 0
    row = now(stage, delivery)
    assert (row.state, row.due_at) == (state, stage.clock() + HELD_BACK)
    assert f"to {local_date(AT)}, today is {local_date(AT) + timedelta(days=1)}" in (row.cause or "")
    assert len(stage.town.calls["dukcapil"]) == calls


@pytest.mark.parametrize("before", [queued, retried, redriven])
def test_on_its_last_day_an_agreement_still_carries_what_waits(
    stage: Stage, before: Callable[[Stage, DeliveryRow], None]
) -> None:
    last_day(stage, "dukcapil")
    delivery = asked(stage, "dukcapil")
    before(stage, delivery)
    stage.clock.advance(minutes=1)
    assert stage.deliver("dukcapil") == 1
    assert now(stage, delivery).state == "answered"


def test_terms_out_of_force_judge_and_send_nothing(stage: Stage) -> None:
    last_day(stage, "dukcapil")
    asked_of = ("dukcapil", "verify-resident", "dukcapil-2026", "1.1")
    today = local_date(AT)
    for on, code in ((today + timedelta(days=1), "agreement-expired"), (today.replace(year=2025), "agreement-not-yet")):
        with pytest.raises(Unauthorised) as raised:
            stage.hub.directory.terms_of(*asked_of, on)
        assert raised.value.code == code
    for good in (today, None):
        assert stage.hub.directory.terms_of(*asked_of, good).reference == "dukcapil-2026/1.1"


def test_a_worker_lost_on_an_agreements_last_day_is_judged_by_it_the_day_after(stage: Stage, kill: Kill) -> None:
    last_day(stage, "dukcapil")
    delivery = asked(stage, "dukcapil")
    kill(stage, delivery)
    stage.clock.advance(days=1)
    assert stage.hub.outbound.recover() == 1
    row = now(stage, delivery)
    assert (row.state, row.cause) == ("unknown", WORKER_ENDED)


# --- lost workers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agency", ["dukcapil", "dpupr"])
def test_a_lost_claim_of_a_suspended_agency_waits_until_it_is_no_longer_suspended(
    stage: Stage, agency: str, kill: Kill
) -> None:
    delivery = asked(stage, agency)
    kill(stage, delivery)
    stage.suspend(agency)
    assert recovered(stage) == 1
    row = now(stage, delivery)
    assert (row.state, row.due_at, row.lease_until) == ("unknown", stage.clock() + HELD_BACK, None)
    assert "pemeriksaan" in (row.cause or "")
    stage.clock.advance(minutes=1)
    assert stage.deliver(agency) == 0
    assert now(stage, delivery).state == "unknown"
    stage.suspend(agency, None)
    stage.clock.advance(minutes=1)
    assert stage.deliver(agency) == 1
    assert now(stage, delivery).state in ("answered", "awaiting")
    assert not stage.case(delivery.case_id).attention


def test_a_lost_pin_of_a_suspended_agency_is_dead_and_calls_a_person(stage: Stage, kill: Kill) -> None:
    delivery = pin(stage)
    kill(stage, delivery)
    stage.suspend("sms")
    assert recovered(stage) == 1
    assert now(stage, delivery).state == "dead"
    assert any("tanyakan kepada instansi" in text for text in stage.case(delivery.case_id).attention)
    assert [outcome for outcome, _ in attempts(stage, delivery)] == ["lease-ran-out"]


def test_an_attempt_whose_worker_was_killed_ends_when_its_lease_has_run_out(stage: Stage, kill: Kill) -> None:
    delivery = asked(stage, "dukcapil")
    kill(stage, delivery)
    assert attempts(stage, delivery) == [(None, None)]
    stage.clock.advance(minutes=1)
    assert stage.hub.outbound.recover() == 1
    (row,) = stage.hub.store.reader.attempts(delivery.id)
    assert (row.outcome, row.ended_at) == ("lease-ran-out", stage.clock())
    assert row.detail == WORKER_ENDED
    stage.clock.advance(minutes=1)
    stage.deliver("dukcapil")
    assert [outcome for outcome, _ in attempts(stage, delivery)] == ["lease-ran-out", "answered"]


def test_a_claim_without_its_attempt_is_taken_back_too(stage: Stage, kill: Kill) -> None:
    delivery = asked(stage, "dukcapil")
    kill(stage, delivery)
    with stage.hub.store.engine.connect() as connection:
        connection.exec_driver_sql("DELETE FROM attempt")
    assert recovered(stage) == 1
    assert now(stage, delivery).state == "unknown"
    assert attempts(stage, delivery) == []


# --- rows that cannot be read -------------------------------------------------------------------------------------


def test_one_claim_that_cannot_be_taken_back_stops_neither_the_others_nor_the_start(stage: Stage, kill: Kill) -> None:
    broken = pin(stage)
    kill(stage, broken)
    stage.clock.advance(seconds=1)
    sound = asked(stage, "dukcapil")
    kill(stage, sound)
    with stage.hub.store.engine.connect() as connection:
        connection.exec_driver_sql(f"UPDATE permit_case SET body = '{{}}' WHERE id = '{broken.case_id}'")  # noqa: S608 - our own id
    assert recovered(stage) == 1
    assert (now(stage, broken).state, now(stage, sound).state) == ("sending", "unknown")
    assert recovered(stage) == 0  # the hub's start asks until there is nothing to take back
