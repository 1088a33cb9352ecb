"""The process ends between any two of its commits; the next one on the same file completes everything once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future

import pytest
from sqlalchemy import Engine

from gateway.domain.case import Stage as CaseStage
from gateway.exchange.claiming import LEASE_BEYOND_CALL
from gateway.operations.ledger_export import verify_store
from gateway.store.engine import is_shared
from gateway.store.plan import Outcome, Plan
from gateway.store.unit_of_work import GroupCommit
from tests.exchange import voices
from tests.exchange.stage import AGUS, RINA, Stage


class Killed(BaseException):
    """kill -9: nothing in the process may catch it."""


class Mortal(GroupCommit):
    """Dies at its `after`th commit: just before it is written, or just after."""

    after = 0
    written = True
    commits = 0

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        type(self).commits = 0

    def submit(self, plan: Plan) -> Future[Outcome]:
        type(self).commits += 1
        if self.commits < self.after:
            return super().submit(plan)
        if self.commits == self.after and self.written:
            super().submit(plan).result()
        raise Killed


def journey(stage: Stage) -> None:
    """From registration to DPUPR's recommendation, whatever of it is done already."""
    rows = stage.rows("permit_case")["permit_case"]
    case = stage.case(rows[0][0]) if rows else stage.register()
    stage.deliver()
    case = stage.case(case.id)
    if case.stage is CaseStage.REGISTERED:
        case = stage.hub.deeds.complete(case.id, RINA)
        stage.deliver()
    if case.stage is CaseStage.COMPLETE:
        case = stage.hub.deeds.verify(case.id, RINA)
    if case.stage is CaseStage.VERIFIED:
        case = stage.hub.deeds.validate(case.id, AGUS)
    stage.deliver()
    said = voices.answer(stage, stage.delivery(case.id, "dpupr"))
    assert said.status == 200


def recovered(stage: Stage) -> None:
    """A new process finds what the last one was sending, and goes on when that is due."""
    stage.restart()
    stage.hub.outbound.recover(alone=not is_shared(stage.hub.store.engine))  # as a process begins
    stage.clock.advance(seconds=10 + LEASE_BEYOND_CALL.total_seconds())
    stage.hub.outbound.recover()
    stage.clock.advance(minutes=1)


COMMITS = 11
"""How many commits the journey has: registration, three deeds, three deliveries with two each, and the callback."""


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("after", range(1, COMMITS + 1))
def test_a_process_that_dies_at_any_commit_is_carried_on_and_everything_happens_once(
    stage: Stage, after: int, written: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mortal, "after", after)
    monkeypatch.setattr(Mortal, "written", written)
    stage.restart(Mortal)
    with pytest.raises((Killed, AssertionError)):  # the door answers 500 for a callback whose worker died
        journey(stage)
    assert Mortal.commits >= after
    recovered(stage)
    journey(stage)
    (row,) = stage.rows("permit_case")["permit_case"]
    case = stage.case(row[0])
    assert case.stage is CaseStage.RECOMMENDED
    facts = Counter(row[2] for row in stage.rows("case_event")["case_event"])
    assert set(facts.values()) == {1}, facts
    assert not case.attention
    states = Counter(row.state for row in stage.hub.store.reader.deliveries(case_id=case.id))
    assert states == {"answered": 3}
    for agency in ("dukcapil", "sms", "dpupr"):
        assert 1 <= len(stage.town.calls[agency]) <= 2
    assert len({call.message_id for call in stage.town.calls["dpupr"]}) == 1
    assert len([row for row in stage.exchanges("dpupr") if row.verdict == "accepted"]) == 1


def test_the_ledger_of_a_process_that_died_verifies(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mortal, "after", 7)
    stage.restart(Mortal)
    with pytest.raises(Killed):
        journey(stage)
    recovered(stage)
    journey(stage)
    while stage.hub.integrator.run_once():
        pass
    assert stage.hub.store.reader.pending_count() == 0
    verdict = verify_store(stage.hub.store.reader, stage.hub.store.vault, stage.hub.store.note_key.verifier)
    assert verdict.pending == 0
    assert verdict.tiles > 0
