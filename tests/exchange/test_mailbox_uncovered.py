"""What lies in a mailbox and no agreement covers any more: it keeps nothing from its agency, and staff decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from adapters.satpolpp.recommendation import recommendation_task
from gateway.contract.adapter import Mailbox, Notification
from gateway.contract.message import Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import RequestRecommendation
from tests.exchange.cut_over import after_midnight, before_midnight
from tests.exchange.mailbox_voices import Visitor, asked, laid, row_of
from tests.exchange.stage import RINA, Stage
from tests.exchange.test_mailbox_versions import ID, SECOND, follows, second


def no_advertisements(stage: Stage) -> None:
    """Version 1.1 from DAY on covers another service; the document has no word for that, and here none is needed."""

    def task(case: PermitCase, ask: RequestRecommendation, message_id: str) -> Payload:
        return {**recommendation_task(case, ask, message_id), "service": "reklame"}

    box = stage.adapters["satpolpp"].interactions[0]
    assert isinstance(box, Mailbox)
    follows(stage, replace(box, since="1.1", to_agency=task), ('services = ["reklame"]', 'services = ["krk"]'))


def test_an_item_whose_service_is_covered_no_more_keeps_no_other_and_is_a_dead_letter_until_it_is_agreed(
    stage: Stage,
) -> None:
    no_advertisements(stage)
    before_midnight(stage)
    visitor, old = Visitor(stage, agreement=SECOND), laid(stage)
    after_midnight(stage)
    new = laid(stage, stage.register("krk").id)
    assert [each["messageId"] for each in visitor.collect(atMost=1)] == [new.message_id]
    assert "not for RequestRecommendation of service reklame" in (row_of(stage, old.id).cause or "")
    assert visitor.collect(atMost=1) == []  # what is not covered is nobody's fault, and nothing that the agency mends

    assert (stage.hub.uncovered.run_once(), stage.hub.uncovered.run_once()) == (1, 0)
    row = row_of(stage, old.id)
    assert (row.state, row.outcome, row_of(stage, new.id).state) == ("dead", "not-covered", "collected")
    assert "sepakati dalam versi baru lalu kirim lagi, atau batalkan" in (row.cause or "")
    assert str(row.cause) in stage.case(old.case_id).attention[-1]

    stage.letters.redrive(old.id, RINA.actor)  # too early: it waits, and says for what
    assert not stage.hub.outbound.deliver(old.id)
    assert (row_of(stage, old.id).state, stage.hub.uncovered.run_once()) == ("queued", 0)
    stage.agree("satpolpp", version="1.2")
    stage.clock.advance(minutes=2)
    assert not stage.hub.outbound.deliver(old.id)
    visitor.agreement = f"{ID}/1.2"
    assert [each["messageId"] for each in visitor.collect()] == [old.message_id]
    assert visitor.acknowledge(old.message_id) == ["acknowledged"]


def test_an_item_that_is_to_be_called_for_no_more_is_sent_once_staff_say_so(stage: Stage) -> None:
    box = stage.adapters["satpolpp"].interactions[0]
    assert isinstance(box, Mailbox)
    called = Notification(
        name=box.name,
        serves=box.serves,
        security=box.security,
        request=box.request,
        to_agency=box.to_agency,
        repeat=box.repeat,
        since="1.1",
    )
    mailbox = 'answer_within = "2 hari kerja"\nvisible_again = "5m"\n'
    follows(stage, called, ('model = "mailbox"', 'model = "notification"'), (mailbox, ""))
    before_midnight(stage)
    old = laid(stage)
    after_midnight(stage)
    assert stage.hub.uncovered.run_once() == 1
    assert "kirim lagi menurut versi itu" in (row_of(stage, old.id).cause or "")


@pytest.mark.parametrize("end", [Stage.suspend, Stage.cease])
def test_while_nothing_is_in_force_nothing_is_given_up(stage: Stage, end: Callable[[Stage, str], None]) -> None:
    no_advertisements(stage)
    before_midnight(stage)
    old = laid(stage)
    assert stage.hub.uncovered.run_once() == 0
    after_midnight(stage)
    end(stage, "satpolpp")
    assert (stage.hub.uncovered.run_once(), row_of(stage, old.id).state) == (0, "laid-down")


def test_an_agreement_that_staff_activate_meanwhile_counts(stage: Stage) -> None:
    no_advertisements(stage)
    before_midnight(stage)
    old = laid(stage)
    after_midnight(stage)
    give_up = stage.hub.uncovered._concluding.give_up

    def overtaken(*given: object, **named: object) -> object:
        stage.agree("satpolpp", version="1.2")
        return give_up(*given, **named)  # type: ignore[arg-type]  # passed on as they came

    stage.hub.uncovered._concluding.give_up = overtaken  # type: ignore[assignment,method-assign]  # between reading and commit there is no other door
    assert (stage.hub.uncovered.run_once(), row_of(stage, old.id).state) == (0, "laid-down")


def test_an_item_that_cannot_be_mapped_anew_keeps_no_other_and_says_why(stage: Stage) -> None:
    def task(case: PermitCase, ask: RequestRecommendation, message_id: str) -> Payload:
        if case.applicant.name == "Budi Contoh":
            raise KeyError("mapping")
        return recommendation_task(case, ask, message_id)

    second(stage)
    adapter = stage.adapters["satpolpp"]
    first, box, *others = adapter.interactions
    assert isinstance(box, Mailbox)
    stage.adapters["satpolpp"] = replace(adapter, interactions=(first, replace(box, to_agency=task), *others))
    stage.restart()
    before_midnight(stage)
    broken = asked(stage, stage.register("reklame", "Budi Contoh").id)
    assert not stage.hub.outbound.deliver(broken.id)
    sound = laid(stage)
    after_midnight(stage)
    visitor = Visitor(stage, agreement=SECOND)
    assert [each["messageId"] for each in visitor.collect(atMost=1)] == [sound.message_id]
    row = row_of(stage, broken.id)
    assert (row.state, stage.hub.uncovered.run_once()) == ("laid-down", 0)  # ours to mend: it is covered
    assert "satpolpp/recommendation-task" in (row.cause or "")
