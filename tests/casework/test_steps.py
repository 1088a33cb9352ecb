"""Facts applied to stored cases: one plan for all that follows, nothing of it when a guard does not hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from gateway.casework.history import case_at, case_body, case_of
from gateway.casework.names import fact_part, message_id
from gateway.casework.occasion import Occasion
from gateway.casework.references import MESSAGE
from gateway.casework.steps import CaseSteps
from gateway.domain import events as e
from gateway.domain.case import Stage as CaseStage
from gateway.domain.catalogue import SAMPLE
from gateway.domain.errors import CaseRefusal, Tampered
from gateway.ledger.leaf import LeafKind
from gateway.store.conflicts import Moved, commit
from gateway.store.tables import CaseEventRow
from tests.exchange.keys import AT
from tests.exchange.stage import RINA, Stage, application

KEY = e.Reference(kind="oss-permit", value="I-17")


def steps(stage: Stage, *, back: timedelta = timedelta(0)) -> CaseSteps:
    now = stage.clock()
    return CaseSteps(
        stage.hub.casework, Occasion(actor="staff/rina", occurred_at=now - back, entered_at=now, exchange="x-1")
    )


def done(stage: Stage, work: CaseSteps) -> None:
    commit(stage.hub.store.unit_of_work, work.plan())


def test_a_case_is_opened_with_its_fact_delivery_deadlines_and_leaf_in_one_plan(stage: Stage) -> None:
    work = steps(stage)
    case = work.open(application(), KEY)
    assert case is not None
    with stage.unchanged("leaf"):
        assert work.case_ids == (case.id,)
    done(stage, work)
    reader = stage.hub.store.reader
    (row,) = reader.case_events(case.id)
    assert (row.kind, row.actor, row.exchange) == ("ApplicationRegistered", "staff/rina", "x-1")
    (delivery,) = reader.deliveries(case_id=case.id)
    assert (delivery.agency, delivery.state, delivery.position) == ("dukcapil", "queued", 0)
    assert delivery.message_id == message_id(delivery.id)
    leaves = [json.loads(each.canonical) for each in reader.leaves_of_case(case.id)]
    assert [leaf["kind"] for leaf in leaves] == [LeafKind.CASE_STEP]
    assert set(leaves[0]["commitments"]) == {fact_part(1)}
    assert case_of(reader.case(case.id) or pytest.fail("no case")) == case


def test_the_same_key_opens_one_case_in_one_step_and_ever_after(stage: Stage) -> None:
    work = steps(stage)
    assert work.open(application(), KEY) is not None
    assert work.open(application(), KEY) is None
    assert work.open(application(), None) is not None
    done(stage, work)
    assert steps(stage).open(application(), KEY) is None
    assert len(stage.rows("permit_case")["permit_case"]) == 2


def test_of_two_that_open_a_case_under_one_key_at_once_the_second_is_told_to_begin_again(stage: Stage) -> None:
    first, second = steps(stage), steps(stage)
    assert first.open(application(), KEY) is not None
    assert second.open(application(), KEY) is not None
    done(stage, first)
    with stage.unchanged("leaf", "data_key"), pytest.raises(Moved):
        done(stage, second)


def test_two_steps_on_one_version_of_a_case_do_not_both_count(stage: Stage) -> None:
    case = stage.register()
    first, second = steps(stage), steps(stage)
    first.apply(case.id, e.AttentionRaised(source="a", text="satu"))
    second.apply(case.id, e.AttentionRaised(source="b", text="dua"))
    done(stage, first)
    with stage.unchanged("leaf"), pytest.raises(Moved):
        done(stage, second)
    assert [text for text in stage.case(case.id).attention if "satu" in text]


def test_a_refused_fact_leaves_the_steps_as_they_were(stage: Stage) -> None:
    case = stage.register()
    work = steps(stage)
    with pytest.raises(CaseRefusal):
        work.apply(case.id, e.AdministrationVerified(officer="Rina Contoh"))
    assert work.case(case.id) == case
    with pytest.raises(CaseRefusal) as raised:
        work.case("K-2026-NOBODY")
    assert raised.value.code == "case-unknown"


def test_a_need_is_numbered_from_its_case_and_a_pin_has_a_queue_of_its_own(stage: Stage) -> None:
    case = stage.register()
    work = steps(stage)
    pin = e.SendPin(challenge="c-1", phone=application().applicant.phone, purpose="persetujuan")
    asked = work.ask(case.id, pin)
    notice = work.ask(case.id, e.NotifyApplicant(notice=e.NoticeKind.READY, text="siap"))
    assert asked is not None
    assert notice is not None
    done(stage, work)
    rows = {row.id: row for row in stage.hub.store.reader.deliveries(case_id=case.id)}
    assert (rows[asked].queue, rows[asked].position) == ("pin/c-1", 1)
    assert (rows[notice].queue, rows[notice].position) == (f"{case.id}/sms", 2)
    assert work.plan().changes


def test_a_need_that_nobody_serves_gives_no_delivery(stage: Stage) -> None:
    case = stage.register()
    stage.cease("sms")
    assert steps(stage).ask(case.id, e.NotifyApplicant(notice=e.NoticeKind.READY, text="siap")) is None
    assert steps(stage).ask(case.id, e.RequestRecommendation(agency="dlh")) is None


def test_an_optional_need_that_nobody_serves_is_not_made_and_calls_nobody_pasal_21_1(stage: Stage) -> None:
    case = stage.register()
    stage.deliver("dukcapil")
    stage.hub.deeds.complete(case.id, RINA)
    stage.hub.deeds.verify(case.id, RINA)
    assert stage.case(case.id).attention == ()
    kinds = {row.ask_kind for row in stage.hub.store.reader.deliveries(case_id=case.id)}  # krk: bpkpd agreed to others
    assert kinds == {"VerifyResident", "NotifyApplicant"}


def test_a_lateness_is_told_once_even_where_a_deed_came_before_the_timer_looked(stage: Stage) -> None:
    case = stage.register()
    stage.deliver("dukcapil")
    stage.hub.deeds.complete(case.id, RINA)
    due = {row.kind: row.due_at for row in stage.hub.store.reader.deadlines(case.id)}
    assert due["service-reminder"] < due["service-standard"]
    stage.clock.at = due["service-standard"]
    stage.hub.deeds.record(case.id, "staff/rina", e.AttentionRaised(source="x", text="sesudah"))
    assert {"service-reminder", "service-standard"} <= {row.kind for row in stage.hub.store.reader.deadlines(case.id)}
    while stage.hub.timers.run_once():
        pass
    stage.hub.deeds.record(case.id, "staff/rina", e.AttentionRaised(source="x", text="lagi"))
    assert not {"service-reminder", "service-standard"} & {
        row.kind for row in stage.hub.store.reader.deadlines(case.id)
    }
    assert stage.hub.timers.run_once() == 0
    told = [text.partition(":")[0] for text in stage.case(case.id).attention]
    assert sorted(told) == ["service-reminder", "service-standard", "x", "x"]


def test_references_are_stored_as_keyed_hashes_and_found_by_who_knows_the_name(stage: Stage) -> None:
    known = e.Reference(kind="nib", value="0000000000017")
    work = steps(stage)
    first = application()
    case = work.open(
        e.ApplicationRegistered(
            service=first.service,
            origin=first.origin,
            applicant=first.applicant,
            site=first.site,
            declaration=first.declaration,
            references=(known, known),
        ),
        None,
    )
    assert case is not None
    done(stage, work)
    stored = stage.rows("case_reference")["case_reference"]
    assert not any("0000000000017" in str(row) for row in stored)
    unknown = e.Reference(kind="nib", value="0000000000018")
    found = stage.hub.casework.find([known, unknown], "oss")
    assert [each.id for each in found[known]] == [case.id]
    assert found[unknown] == ()


def test_an_agency_finds_a_case_by_a_message_of_ours_to_it_and_no_other_does(stage: Stage) -> None:
    case = stage.register()
    delivery = stage.delivery(case.id, "dukcapil")
    reference = e.Reference(kind=MESSAGE, value=delivery.message_id)
    assert [each.id for each in stage.hub.casework.find([reference], "dukcapil")[reference]] == [case.id]
    assert stage.hub.casework.find([reference], "sms")[reference] == ()


# --- history ------------------------------------------------------------------------------------------------------


def history(stage: Stage) -> tuple[str, Sequence[CaseEventRow]]:
    case = stage.validated()
    return case.id, stage.hub.store.reader.case_events(case.id)


def test_a_case_is_read_back_as_it_stood_at_each_version(stage: Stage) -> None:
    case_id, rows = history(stage)
    stages = [case_at(rows, SAMPLE, version).stage for version in range(1, len(rows) + 1)]
    assert (stages[0], stages[-1]) == (CaseStage.REGISTERED, CaseStage.VALIDATED)
    newest = case_at(rows, SAMPLE, len(rows))
    row = stage.hub.store.reader.case(case_id)
    assert row is not None
    assert case_body(newest) == row.body


def test_a_history_that_is_short_empty_or_begins_elsewhere_is_tampered_with(stage: Stage) -> None:
    _, rows = history(stage)
    for wrong, version in ((rows, len(rows) + 1), (rows[1:], 1), ([], 0), (rows, 0)):
        with pytest.raises(Tampered) as raised:
            case_at(wrong, SAMPLE, version)
        assert raised.value.code == "history-broken"


# --- leaves -------------------------------------------------------------------------------------------------------


def test_a_leaf_names_its_actor_by_pseudonym_and_commits_to_bytes_under_a_key(stage: Stage) -> None:
    leaves = stage.hub.store.leaves
    made = leaves.make(LeafKind.STAFF, at=AT, actor="staff/siti", exchange="x-1", parts={"x": b"siti"}, key=b"k" * 32)
    said = json.loads(made.row.values["canonical"])
    assert "siti" not in json.dumps(said)
    assert set(said["commitments"]) == {"x"}
    assert made.hash == made.row.values["hash"].hex()
    again = leaves.make(LeafKind.STAFF, at=AT, actor="staff/siti")
    assert json.loads(again.row.values["canonical"])["actor"] == said["actor"]
    assert json.loads(leaves.make(LeafKind.STAFF, at=AT).row.values["canonical"])["actor"] == ""
    with pytest.raises(ValueError, match="data key"):
        leaves.make(LeafKind.STAFF, at=AT, parts={"x": b"1"})
