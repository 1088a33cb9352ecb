"""The end of keeping (`keep_for`): told in the ledger first, in portions that may end anywhere; doubt keeps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.contract.agreement import agreement_from_document, agreement_hash, canonical_bytes
from gateway.domain.errors import HubBusy, LedgerBroken, Refused
from gateway.operations.erasing.watching import erasure_warnings
from gateway.operations.health import look
from gateway.operations.retention import running
from gateway.operations.retention.holds import Holds
from gateway.operations.retention.judging import Verdict
from gateway.operations.retention.night import Night
from gateway.operations.retention.running import Retention, Tally
from gateway.operations.retention.terms import Terms, years_before
from gateway.operations.retention.watching import retention_warnings
from gateway.operations.standing import Standing
from gateway.store.plan import Claim, Insert, Outcome, Plan, Update
from gateway.store.sealing import BLANK, BLANK_TEXT, Shut
from gateway.store.tables import (
    AgreementRow,
    BatchPieceRow,
    BatchRow,
    DeliveryRow,
    ErasureRow,
    ExchangeRow,
    PartRow,
    ReconciliationRow,
)
from gateway.store.unit_of_work import UnitOfWork
from tests.contract.drafts import draft
from tests.operations.ledgers import NOW, Office
from tests.operations.test_ledger_cases import CaseOffice
from tests.store.rows import delivery

LATER = NOW + timedelta(days=800)
AGREED = "dpupr-2026/1.0"


def agree(office: Office, version: str, keep_for: str) -> None:
    document: dict[str, Any] = draft()
    document["agreement"] |= {"id": "dpupr-2026", "version": version, "agency": "dpupr"}
    for each in document["interaction"]:
        each["keep_for"] = keep_for
    said = agreement_from_document(document)
    body = canonical_bytes(said).decode()
    values = {"id": said.id, "version": version, "agency": "dpupr", "state": "active", "hash": agreement_hash(said)}
    office.commit(Plan.of(Insert(AgreementRow, {**values, "body": body})))


def exchange(office: Office, name: str, case_id: str | None = None, agreement: str | None = AGREED) -> None:
    office.exchange(name, case_id)
    office.commit(Plan.of(Update(ExchangeRow, {"id": name}, {}, {"agreement": agreement})))


@pytest.fixture
def office(engine: Engine) -> Iterator[CaseOffice]:
    """Exchanges of two days, of which two are about a case; all of them may go but where a test says so."""
    opened = CaseOffice(engine)
    agree(opened, "1.0", "1 years")
    for each in ("ex-1", "ex-2"):
        exchange(opened, each)
    exchange(opened, "ex-3", "case-1")
    opened.now += timedelta(days=1)
    exchange(opened, "ex-4", "case-2")
    exchange(opened, "ex-5")
    opened.integrator().run_once()
    yield opened
    opened.writer.close()


def retention(office: Office, writer: UnitOfWork | None = None) -> Retention:
    return Retention(reader=office.reader, unit_of_work=writer or office.writer, leaves=office.leaves)


def holds(office: Office) -> Holds:
    return Holds(reader=office.reader, vault=office.vault, unit_of_work=office.writer, leaves=office.leaves)


def run(office: Office, at: datetime = LATER) -> Tally:
    tally = Tally()
    for tally in retention(office).portions(at):  # noqa: B007 - the last one tells of the whole run
        pass
    return tally


def gone(office: Office) -> list[str]:
    """The exchanges whose bodies are gone: all of each, or nothing."""
    found = []
    for name in (f"ex-{each}" for each in range(1, 6)):
        row = office.reader.exchange(name)
        assert row is not None
        parts = office.reader.names_of_parts(name)
        assert len(parts) == 4  # names and sizes stay
        try:
            assert len(office.reader.parts(name)) == 4
        except Shut:
            assert row.bodies_gone_at is not None
            found.append(name)
        else:
            assert row.bodies_gone_at is None
    return found


def told(office: Office) -> list[dict[str, Any]]:
    leaves = [json.loads(row.canonical) for row in (*office.reader.leaves(0), *office.reader.pending_leaves())]
    return [each["extra"] for each in leaves if each["kind"] == "erased"]


def test_what_is_over_its_time_goes_is_told_in_the_ledger_and_the_ledger_is_whole(office: CaseOffice) -> None:
    office.now = LATER
    would = retention(office).would(LATER)
    assert (would.exchanges[Verdict.GOES], gone(office)) == (5, [])
    done = run(office)
    assert (done.exchanges[Verdict.GOES], done.days) == (5, 2)
    assert gone(office) == [f"ex-{each}" for each in range(1, 6)]
    until = years_before(LATER, 1).astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    said = [{name: each.get(name) for name in ("cause", "scope", "until", "leaves")} for each in told(office)]
    assert said == [  # two leaves of each exchange, and each exchange under one of them
        {"cause": "retention", "scope": "agreement/dpupr-2026", "until": until, "leaves": 10},
        {"cause": "retention", "scope": "day/2026-01-05", "until": None, "leaves": 0},
        {"cause": "retention", "scope": "day/2026-01-06", "until": None, "leaves": 0},
    ]
    assert office.vault.stored_key("day/2026-01-05") is None
    office.integrator().run_once()
    assert office.verify().ledger.parts_erased > 0
    row = office.reader.retention_run("2028-03-15")
    assert row is not None
    assert (row.removed, row.days, row.kept, row.ended_at) == (5, 2, 0, LATER)
    assert run(office).exchanges[Verdict.GOES] == 0
    assert len(told(office)) == 3


@pytest.mark.parametrize("is_after", [False, True])
def test_a_message_that_is_passed_off_as_kept_no_more_is_missing(office: CaseOffice, is_after: bool) -> None:
    """Who can write to the database blanks a message that is to be kept longer; the leaf has counted what went."""
    agree(office, "2.0", "9 years")
    office.commit(Plan.of(Update(ExchangeRow, {"id": "ex-2"}, {}, {"agreement": "dpupr-2026/2.0"})))
    office.now = LATER
    run(office)
    kept = "ex-6" if is_after else "ex-2"
    if is_after:
        exchange(office, kept)
    office.integrator().run_once()
    office.verify()
    row = office.reader.exchange("ex-1")
    assert row is not None
    blank = [
        Update(PartRow, {"exchange": kept, "name": name}, {}, {"body": BLANK})
        for name in office.reader.names_of_parts(kept)
    ]
    gone = {"bodies_gone_at": row.bodies_gone_at, "gone_by": row.gone_by}
    office.commit(Plan((Update(ExchangeRow, {"id": kept}, {}, gone), *blank)))
    with pytest.raises(LedgerBroken) as caught:
        office.verify()
    assert (caught.value.code, "agreement/dpupr-2026" in caught.value.text) == ("part-missing", True)
    assert (kept in caught.value.text) is is_after


def test_nothing_goes_before_its_time_and_the_exchanges_own_version_counts(office: CaseOffice) -> None:
    agree(office, "2.0", "2 years")
    office.commit(Plan.of(Update(ExchangeRow, {"id": "ex-2"}, {}, {"agreement": "dpupr-2026/2.0"})))
    office.commit(Plan.of(Update(ExchangeRow, {"id": "ex-5"}, {}, {"agreement": "dpupr-2026/9.9"})))
    assert run(office, NOW + timedelta(days=364)).exchanges[Verdict.GOES] == 0
    assert told(office) == []
    run(office, NOW + timedelta(days=366, hours=1))
    assert gone(office) == ["ex-1", "ex-3", "ex-4"]
    run(office)
    assert gone(office) == ["ex-1", "ex-2", "ex-3", "ex-4"]  # nobody knows how long the last one is to be kept
    assert [each["scope"] for each in told(office)][-1] == "day/2026-01-05"
    terms = Terms.read(office.reader, LATER)
    assert (terms.latest, terms.oldest) == (years_before(LATER, 1), years_before(LATER, 2))


class Mortal:
    """Commits once, then the process is gone; `before` is called with each plan."""

    def __init__(self, writer: UnitOfWork, before: Callable[[Plan], None] = lambda _plan: None, lives: int = 1) -> None:
        self._writer = writer
        self._before = before
        self._lives = lives

    def commit(self, plan: Plan) -> Outcome:
        self._before(plan)
        if not self._lives:
            raise HubBusy("killed")
        self._lives -= 1
        return self._writer.commit(plan)

    def close(self) -> None:
        """Nothing of its own."""


def test_killed_after_any_commit_the_ledger_is_whole_and_the_next_run_goes_on(
    office: CaseOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PORTION", 2)
    monkeypatch.setattr(running, "ROWS", 2)
    _add_file(office, "ex-2")
    office.now = LATER
    ended = 0
    for _ in range(40):
        try:
            for _tally in retention(office, Mortal(office.writer)).portions(LATER):
                pass
        except HubBusy:
            ended += 1
            office.integrator().run_once()
            if gone(office) or office.reader.erased_file("ex-2") is not None:
                assert told(office)  # before the first body
            office.verify()
        else:
            break
    assert ended >= 8
    assert gone(office) == [f"ex-{each}" for each in range(1, 6)]
    assert office.reader.piece_keys("ex-2", 10) == []
    assert [each["leaves"] for each in told(office)] == [4, 4, 2, 0, 0]  # a leaf for each portion, with what goes
    office.integrator().run_once()
    assert office.verify().ledger.parts_erased == 20


def _add_file(office: Office, batch: str) -> None:
    row = {"id": batch, "agency": "dpupr", "interaction": "technical-recommendation", "name": batch, "format": "csv"}
    agreed = {"agreement": "dpupr-2026", "agreement_version": "1.0", "manifest": "{}", "size": 0, "sha256": ""}
    state = {"records": 0, "token": "", "state": "cancelled", "made_at": office.now, "due_at": office.now}
    office.commit(Plan.of(Claim(BatchRow, ("id",), {**row, **agreed, **state})))
    pieces = [{"batch": batch, "side": "file", "position": each, "body": b"x"} for each in range(5)]
    office.commit(Plan(tuple(Insert(BatchPieceRow, each) for each in pieces)))


def test_what_is_not_resolved_is_kept_until_it_is(office: CaseOffice) -> None:
    office.step("case-1", 1)  # open
    sent = delivery("ex-4", "q", 1, "dead", case_id="case-2")
    office.commit(Plan.of(Insert(DeliveryRow, sent)))
    holds(office).hold("ex-1", "sengketa 12/G/2027", "staff/rina", LATER)
    with pytest.raises(Refused, match="held already"):
        holds(office).hold("ex-1", "sengketa yang sama lagi", "staff/rina", LATER)
    dispute = {"id": "r-1", "agency": "dpupr", "since": NOW + timedelta(hours=20), "until": NOW + timedelta(days=2)}
    kept = {"source": "staff", "actor": "", "state": "done", "made_at": LATER, "list_sha256": "", "unsettled": 1}
    office.commit(Plan.of(Insert(ReconciliationRow, {**dispute, **kept, "kept_until": LATER})))
    found = run(office)
    assert gone(office) == ["ex-2"]
    verdicts = (Verdict.GOES, Verdict.HELD, Verdict.DISPUTED, Verdict.UNDER_WAY)
    assert [found.exchanges[each] for each in verdicts] == [1, 1, 2, 1]
    assert (found.kept, found.days) == (4, 0)
    assert holds(office).let_go("ex-1", "staff/console", LATER) == "exchange/ex-1"
    office.commit(Plan.of(Update(ReconciliationRow, {"id": "r-1"}, {}, {"unsettled": 0})))
    found = run(office)
    assert gone(office) == ["ex-1", "ex-2", "ex-5"]
    assert found.exchanges[Verdict.UNDER_WAY] == 2  # a case that is open, and a letter that a person has to look at
    steps = [json.loads(row.canonical)["extra"].get("step") for row in office.reader.pending_leaves()]
    assert [each for each in steps if each and each.startswith("retention")] == ["retention-hold", "retention-let-go"]
    office.integrator().run_once()


def test_a_hold_that_comes_while_a_portion_is_judged_holds(office: CaseOffice) -> None:
    came: list[str] = []

    def before(plan: Plan) -> None:
        if not came and any(isinstance(each, Update) and each.model is ExchangeRow for each in plan.changes):
            came.append(holds(office).hold("ex-3", "sengketa 13/G/2027", "staff/rina", LATER))

    for _ in retention(office, Mortal(office.writer, before, lives=1000)).portions(LATER):
        pass
    assert came == ["exchange/ex-3"]
    assert gone(office) == ["ex-1", "ex-2", "ex-4", "ex-5"]


def test_a_body_under_no_agreement_ends_with_its_day_when_all_that_was_agreed_is_over(office: CaseOffice) -> None:
    office.commit(Plan.of(Update(ExchangeRow, {"id": "ex-1"}, {}, {"agreement": None})))
    office.commit(Plan.of(Update(ExchangeRow, {"id": "ex-5"}, {}, {"agreement": None})))
    holds(office).hold("ex-5", "sengketa 13/G/2027", "staff/rina", LATER)
    office.now = LATER
    assert run(office).days == 1
    assert [each["scope"] for each in told(office)] == ["agreement/dpupr-2026", "day/2026-01-05"]
    office.integrator().run_once()
    office.verify()


def test_the_hub_does_it_once_a_night(office: CaseOffice) -> None:
    night = datetime(2028, 3, 15, 1, 30, tzinfo=NOW.tzinfo) - timedelta(hours=7)  # 01:30 WIB
    now = [night - timedelta(hours=2)]
    watch = Night(retention(office), lambda: now[0])
    assert not watch.run_once()
    assert office.reader.retention_runs() == []
    now[0] = night
    turns = 0
    while watch.run_once():
        turns += 1
    assert turns >= 3
    assert gone(office) == [f"ex-{each}" for each in range(1, 6)]
    assert not watch.run_once()
    now[0] = night + timedelta(days=1)
    assert watch.run_once()
    assert [row.day for row in office.reader.retention_runs()] == ["2028-03-16", "2028-03-15"]


def test_what_was_given_up_before_anything_was_said_goes_too(office: CaseOffice) -> None:
    for name, state in (("d-1", "cancelled"), ("d-2", "dead")):
        office.commit(Plan.of(Insert(DeliveryRow, delivery(name, name, 1, state, case_id="case-9", made_at=NOW))))
    assert run(office).unsent == 1
    blanked = [office.value(f"SELECT ask_body FROM delivery WHERE id = '{each}'") for each in ("d-1", "d-2")]  # noqa: S608 - names of this test
    assert blanked == [BLANK_TEXT, "{}"]
    assert run(office).unsent == 0


def test_a_leap_day_has_its_end_a_day_earlier() -> None:
    assert years_before(datetime(2028, 2, 29, 5, tzinfo=UTC), 1) == datetime(2027, 2, 28, 5, tzinfo=UTC)


def test_runs_that_do_not_come_to_their_end_are_told_until_one_does(office: CaseOffice) -> None:
    def begun(at: datetime) -> None:
        next(retention(office).portions(at))

    begun(LATER)
    begun(LATER + timedelta(days=1))
    assert retention_warnings(office.reader, LATER + timedelta(hours=48)) == ()
    late = LATER + timedelta(hours=49)
    (sentence,) = retention_warnings(office.reader, late)
    assert "since the one of 2028-03-15 10:04 WIB (5 exchanges done since then): run simojo retention run" in sentence
    health = look(office.reader, office.writer, late, Standing(lambda: None))
    assert (health.ending, sentence in health.warnings) == ((sentence,), True)
    run(office, late)
    assert retention_warnings(office.reader, late + timedelta(days=9)) == ()


def test_an_erasure_that_stands_still_for_a_day_is_told_with_what_to_do(office: CaseOffice) -> None:
    known = {"dossier": "dossier/1", "basis": "requested", "reason": "x", "cases": 1, "proposed_by": "rina"}
    moments = {"proposed_at": NOW, "decided_at": NOW}
    states: dict[str, dict[str, Any]] = {
        "e-1": {"state": "approved"},
        "e-2": {"state": "destroyed", "destroyed_at": NOW},
        "e-3": {"state": "destroyed", "destroyed_at": NOW, "swept_at": NOW},
        "e-4": {"state": "done", "destroyed_at": NOW, "swept_at": NOW, "done_at": NOW},
    }
    rows = ({"id": name, **known, **moments, **state} for name, state in states.items())
    office.commit(Plan(tuple(Insert(ErasureRow, row) for row in rows)))
    assert erasure_warnings(office.reader, NOW + timedelta(hours=24)) == ()
    said = erasure_warnings(office.reader, NOW + timedelta(hours=25))
    sought = ("simojo erasure show e-1", "e-2 are destroyed since 2026-01-05 10:04 WIB", "simojo erasure compact")
    assert [word in sentence for word, sentence in zip(sought, said, strict=True)] == [True] * 3
