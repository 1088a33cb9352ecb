"""Who sends when: claims and fences, leases that run out, and what came meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.domain.errors import Refused
from gateway.exchange.claiming import LEASE_BEYOND_CALL
from gateway.office.signing import PinStep
from gateway.store.claims import Claimed
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Plan, Update
from gateway.store.tables import AgreementRow
from gateway.transport.http import HttpReply
from tests.exchange import voices
from tests.exchange.deliveries import LEASE_S, asked, attempts, meanwhile, now
from tests.exchange.stage import DEWI, RINA, Stage
from tests.exchange.town import Call, raw


def test_of_two_workers_one_sends(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    second: list[bool] = []
    meanwhile(stage, "dukcapil", lambda _call: second.append(stage.hub.outbound.deliver(delivery.id)))
    assert stage.hub.outbound.deliver(delivery.id)
    assert second == [False]
    assert len(stage.town.calls["dukcapil"]) == 1


def test_a_worker_that_is_paused_between_claim_and_attempt_sends_nothing_once_another_has_claimed(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    hub, prepare = stage.hub, stage.hub.outbound._preparing.prepare
    done: list[bool] = []

    def overtaken(row: StoredDelivery, *_more: object) -> object:
        attempt = prepare(row, stage.clock())
        if not done:
            done.append(True)
            assert not hub.outbound.deliver(row.id)  # the lease holds
            stage.clock.advance(seconds=LEASE_S)
            assert hub.outbound.deliver(row.id)
        return attempt

    hub.outbound._preparing.prepare = overtaken  # type: ignore[assignment,method-assign]  # the moment between claim and attempt has no other door
    assert not hub.outbound.deliver(delivery.id)
    assert len(stage.town.calls["dukcapil"]) == 1
    assert now(stage, delivery).state == "answered"


def test_a_claim_outlasts_a_call_under_any_active_version_of_the_agreement(stage: Stage) -> None:
    stage.agree("dukcapil", ('call_timeout = "10s"', 'call_timeout = "60s"'), version="1.1")
    stage.agree("dukcapil", version="1.2")  # in force, with ten seconds
    delivery = asked(stage, "dukcapil")
    for state, lasts_s in (("suspended", 10), ("active", 60)):
        change = Update(AgreementRow, {"id": "dukcapil-2026", "version": "1.1"}, {}, {"state": state})
        stage.hub.store.unit_of_work.commit(Plan.of(change))
        stage.clock.advance(seconds=2)  # a lane's terms are looked up each second
        claimed = stage.hub.claiming.one(delivery.id)
        assert claimed is not None
        assert claimed.delivery.lease_until == stage.clock() + timedelta(seconds=lasts_s) + LEASE_BEYOND_CALL
        stage.hub.claiming.release([claimed])


def test_a_delivery_that_was_cancelled_while_it_was_prepared_is_not_given_up(stage: Stage) -> None:
    delivery, other = asked(stage, "dukcapil"), asked(stage, "dukcapil")

    def refused(row: StoredDelivery, *_more: object) -> object:
        if row.id == delivery.id:
            stage.letters.cancel(row.id, "dobel", RINA.actor)
        raise Refused("no telephone")

    stage.hub.outbound._preparing.prepare = refused  # type: ignore[assignment,method-assign]  # as above
    assert not stage.hub.outbound.deliver(delivery.id)
    assert not stage.hub.outbound.deliver(other.id)
    assert (now(stage, delivery).state, now(stage, other).state) == ("cancelled", "dead")


@pytest.mark.parametrize("agency", ["dukcapil", "dpupr"])
def test_a_claim_whose_lease_ran_out_is_sent_again_where_that_was_agreed_and_a_late_result_decides_nothing(
    stage: Stage, agency: str
) -> None:
    delivery = asked(stage, agency)

    def lost(_call: Call) -> None:
        """The first worker is stuck; its lease runs out, and a second worker sends again and is refused for good."""
        stage.clock.advance(seconds=LEASE_S - 1)
        assert stage.hub.outbound.recover() == 0
        stage.clock.advance(seconds=1)
        assert stage.hub.outbound.recover() == 1
        row = now(stage, delivery)
        assert (row.state, row.fence, row.lease_until) == ("unknown", 1, None)
        stage.clock.at = row.due_at
        stage.town.next(agency, raw(b"no", 404))
        assert stage.hub.outbound.deliver(delivery.id)
        assert now(stage, delivery).state == "dead"

    meanwhile(stage, agency, lost)
    before = stage.case(delivery.case_id)
    assert stage.hub.outbound.deliver(delivery.id)
    row = now(stage, delivery)
    assert (row.state, row.fence) == ("dead", 2)
    assert stage.case(delivery.case_id).residency is before.residency
    assert {"reply-1", "reply-2", "sent-1", "sent-2"} <= set(stage.parts(delivery.id))
    assert [outcome for outcome, _ in attempts(stage, delivery)] == ["answered", "refused"]
    stage.letters.redrive(delivery.id, RINA.actor)  # whoever decides so knows what came
    assert stage.hub.outbound.deliver(delivery.id)
    assert now(stage, delivery).state in ("answered", "awaiting")


@pytest.mark.parametrize("agency", ["dukcapil", "dpupr"])
def test_a_good_answer_counts_that_comes_after_another_has_claimed_and_before_he_has_begun(
    stage: Stage, agency: str
) -> None:
    delivery = asked(stage, agency)
    second: list[Claimed] = []

    def lost(_call: Call) -> None:
        stage.clock.advance(seconds=LEASE_S)
        assert stage.hub.outbound.recover() == 1
        stage.clock.at = now(stage, delivery).due_at
        claimed = stage.hub.claiming.one(delivery.id)
        assert claimed is not None
        second.append(claimed)

    meanwhile(stage, agency, lost)
    assert stage.hub.outbound.deliver(delivery.id)
    assert now(stage, delivery).state in ("answered", "awaiting")
    assert not stage.hub.outbound.attempt(second[0])
    assert len(stage.town.calls[agency]) == 1
    assert [outcome for outcome, _ in attempts(stage, delivery)] == ["answered"]


def test_an_answer_that_was_kept_while_another_was_calling_counts_before_the_agency_is_called_again(
    stage: Stage,
) -> None:
    delivery = asked(stage, "dpupr")
    outbound = stage.hub.outbound
    send = stage.hub._client.send

    def dies(_call: object) -> HttpReply:
        raise SystemExit

    def lost(_call: Call) -> None:
        """The first worker is stuck, and a second one that takes over ends while it calls."""
        stage.clock.advance(seconds=LEASE_S)
        assert outbound.recover() == 1
        stage.clock.at = now(stage, delivery).due_at
        stage.hub._client.send = dies  # type: ignore[method-assign, assignment]  # the end of a process has no other door
        with pytest.raises(SystemExit):
            outbound.deliver(delivery.id)
        stage.hub._client.send = send  # type: ignore[method-assign]  # as above

    meanwhile(stage, "dpupr", lost)
    assert outbound.deliver(delivery.id)
    answered_at = stage.clock()
    assert (now(stage, delivery).state, now(stage, delivery).fence) == ("sending", 2)
    stage.clock.advance(seconds=LEASE_S)
    assert outbound.recover() == 1
    stage.clock.at = now(stage, delivery).due_at
    assert not outbound.deliver(delivery.id)
    row = now(stage, delivery)
    assert (row.state, row.lease_until, len(stage.town.calls["dpupr"])) == ("awaiting", None, 1)
    assert row.answer_due_at is not None
    assert row.answer_due_at > answered_at
    assert [outcome for outcome, _ in attempts(stage, delivery)] == ["answered", "lease-ran-out"]
    assert voices.answer(stage, delivery).status == 200
    assert now(stage, delivery).state == "answered"


def test_a_pin_whose_worker_was_lost_is_dead(stage: Stage) -> None:
    case = stage.validated()
    stage.hub.signing.ask_pin(case.id, DEWI, PinStep.APPROVE)
    delivery = stage.delivery(case.id, "sms")

    def lost(_call: Call) -> None:
        stage.clock.advance(seconds=41)
        assert stage.hub.outbound.recover() == 1

    meanwhile(stage, "sms", lost)
    stage.hub.outbound.deliver(delivery.id)
    row = now(stage, delivery)
    assert row.state == "dead"
    assert "pengulangan tidak disepakati" in (row.cause or "")


def test_a_lost_claim_under_an_agreement_that_ended_waits_for_staff_and_its_late_result_decides_nothing(
    stage: Stage,
) -> None:
    delivery = asked(stage, "dukcapil")

    def lost(_call: Call) -> None:
        stage.cease("dukcapil")
        stage.clock.advance(seconds=41)
        assert stage.hub.outbound.recover() == 1

    meanwhile(stage, "dukcapil", lost)
    stage.hub.outbound.deliver(delivery.id)
    row = now(stage, delivery)
    assert row.state == "unknown"
    assert "is not active" in (row.cause or "")
    assert [outcome for outcome, _ in attempts(stage, delivery)] == ["answered"]


def test_a_delivery_that_is_not_due_or_not_there_is_not_sent(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    stage.clock.advance(seconds=-1)
    assert not stage.hub.outbound.deliver(delivery.id)
    assert not stage.hub.outbound.deliver("nothing")
