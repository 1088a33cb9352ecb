"""What lies in a mailbox while its agreement moves from 1.0 to 1.1 at a midnight in Jakarta."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from adapters.satpolpp.recommendation import recommendation_task
from gateway.contract.adapter import Accept, Effect, Interaction, Mailbox
from gateway.contract.message import Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import AttentionRaised, RequestRecommendation
from gateway.exchange.entry import GRACE
from gateway.store.tables import DeliveryRow
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.exchange import mailbox_voices as mailbox
from tests.exchange.cut_over import DAY, MIDNIGHT, after_midnight, before_midnight
from tests.exchange.mailbox_voices import Visitor, asked, laid, opened, row_of
from tests.exchange.stage import Stage

ID = "satpolpp-2026"
SECOND = f"{ID}/1.1"


def second(stage: Stage, *edits: tuple[str, str]) -> None:
    """Version 1.1 from DAY on, in which a task says so in its purpose, and an acknowledgement tells the case."""

    def task(case: PermitCase, ask: RequestRecommendation, message_id: str) -> Payload:
        return {**recommendation_task(case, ask, message_id), "purpose": "menurut 1.1"}

    def told(case: PermitCase, _ask: RequestRecommendation) -> Accept:
        event = AttentionRaised(source="satpolpp/recommendation-task", text="diambil menurut 1.1")
        return Accept(effects=(Effect(case=case.id, events=(event,)),))

    adapter = stage.adapters["satpolpp"]
    box = adapter.interactions[0]
    assert isinstance(box, Mailbox)
    follows(stage, replace(box, since="1.1", to_agency=task, on_collected=told), *edits)


def follows(stage: Stage, declared: Interaction, *edits: tuple[str, str]) -> None:
    """Version 1.1 from DAY on, in which that takes the place of the mailbox."""
    adapter = stage.adapters["satpolpp"]
    box = adapter.interactions[0]
    both = (replace(box, until="1.0"), declared)
    stage.adapters["satpolpp"] = replace(adapter, interactions=(*both, *adapter.interactions[1:]))
    stage.restart()
    said = packaged_agreements()[ID].replace('version = "1.0"', 'version = "1.1"', 1)
    for old, new in (("valid_from = 2026-01-01", f"valid_from = {DAY}"), *edits):
        assert old in said, old
        said = said.replace(old, new)
    registry = stage.hub.store.registry
    registry.import_agreement(read_agreement(said), stage.adapters["satpolpp"], "staff/siti")
    registry.activate_for_development(ID, "1.1", "staff/siti")


def spoken(stage: Stage, item: Mapping[str, Any]) -> tuple[str, bool]:
    """The agreement of an item, and whether the mapping of 1.1 made it."""
    return item["agreement"], opened(stage, item)["purpose"] == "menurut 1.1"


def attention(stage: Stage, delivery: DeliveryRow) -> list[str]:
    return list(stage.case(delivery.case_id).attention)


def test_what_was_never_collected_comes_in_the_new_form_and_what_was_comes_again_as_it_was(stage: Stage) -> None:
    second(stage)
    before_midnight(stage)
    visitor = Visitor(stage)
    known, fresh, queued = laid(stage), laid(stage), asked(stage)
    (item,) = visitor.collect(atMost=1)
    assert spoken(stage, item) == (f"{ID}/1.0", False)

    stage.clock.advance(minutes=5)
    visitor.agreement = SECOND
    assert not stage.hub.outbound.deliver(queued.id)  # it was made before midnight, and is laid down after it
    assert row_of(stage, queued.id).agreement_version == "1.1"
    items = {each["messageId"]: each for each in visitor.collect()}
    assert {each: spoken(stage, item) for each, item in items.items()} == {
        known.message_id: (f"{ID}/1.0", False),
        fresh.message_id: (SECOND, True),
        queued.message_id: (SECOND, True),
    }
    assert [row_of(stage, each.id).agreement_version for each in (known, fresh, queued)] == ["1.0", "1.1", "1.1"]
    kept = stage.hub.store.reader.exchange(fresh.id)
    assert kept is not None
    assert kept.agreement == SECOND

    stage.clock.advance(minutes=5)
    again = {each["messageId"]: spoken(stage, each) for each in visitor.collect()}
    assert again[fresh.message_id] == (SECOND, True)
    assert visitor.acknowledge(known.message_id, fresh.message_id) == ["acknowledged"] * 2
    assert (attention(stage, known), attention(stage, fresh)) == (
        [],
        ["satpolpp/recommendation-task: diambil menurut 1.1"],
    )


def test_a_visit_of_before_the_cut_over_is_answered_again_and_a_new_one_is_told_which_version_holds(
    stage: Stage,
) -> None:
    second(stage)
    assert mailbox.say_rest(stage, "collect", {}, agreement=SECOND, message_id="early").code == "version-not-yet"
    before_midnight(stage)
    laid(stage)
    first = mailbox.say_rest(stage, "collect", {}, message_id="first")
    after_midnight(stage)
    assert mailbox.say_rest(stage, "collect", {}, message_id="first").body == first.body
    late = mailbox.say_rest(stage, "collect", {}, message_id="late")
    assert (late.code, late.clause) == ("version-superseded", SECOND)
    assert mailbox.say_rest(stage, "collect", {}, agreement=f"{ID}/2.0", message_id="x").code == "agreement-mismatch"


def test_a_version_without_the_mailbox_gives_what_was_collected_for_the_grace_and_hears_of_it(stage: Stage) -> None:
    task = packaged_agreements()[ID].split("[[interaction]]\n")[1]
    adapter = stage.adapters["satpolpp"]
    second(stage, (f"[[interaction]]\n{task}", ""))
    box = replace(adapter.interactions[0], until="1.0")
    stage.adapters["satpolpp"] = replace(adapter, interactions=(box, *adapter.interactions[1:]))
    stage.restart()
    before_midnight(stage)
    visitor = Visitor(stage)
    known, fresh = laid(stage), laid(stage)
    assert len(visitor.collect(atMost=1)) == 1
    stage.clock.advance(minutes=5)
    visitor.agreement = SECOND
    assert [each["messageId"] for each in visitor.collect()] == [known.message_id]
    assert stage.hub.uncovered.run_once() == 1
    row = row_of(stage, fresh.id)
    assert (row.state, row.outcome) == ("dead", "not-covered")
    assert f"{SECOND} kini berlaku dan tidak memuat recommendation-task" in (row.cause or "")
    assert visitor.acknowledge(known.message_id) == ["acknowledged"]


def test_what_was_collected_is_not_given_beyond_the_grace_of_its_version(stage: Stage) -> None:
    stage.agree("satpolpp", ("valid_until = 2028-12-31", "valid_until = 2026-03-02"), version="0.9")
    second(stage)
    before_midnight(stage)
    visitor = Visitor(stage, agreement=f"{ID}/0.9")
    known = laid(stage)
    assert len(visitor.collect()) == 1
    visitor.agreement = SECOND
    stage.clock.at = MIDNIGHT + GRACE - timedelta(seconds=1)
    assert [spoken(stage, each) for each in visitor.collect()] == [(f"{ID}/0.9", False)]
    stage.clock.advance(minutes=5)
    assert visitor.collect() == []
    assert (stage.hub.lapsing.run_once(), stage.hub.uncovered.run_once()) == (1, 1)
    row = row_of(stage, known.id)
    assert (row.state, row.outcome) == ("dead", "not-covered")
    assert "ia masih dapat mengonfirmasi" in attention(stage, known)[-1]
    assert visitor.acknowledge(known.message_id) == ["acknowledged"]  # it had been taken after all
