"""City offices that give technical recommendations: calls that are spoilt, how their answers come, what is owed.

The offices are simulators of `conformance.peers`, which judge every message of the hub with code of their own: over
REST, SOAP 1.1 and SOAP 1.2, in one step or two. A row plays all five, one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.domain.case import Stage as At
from gateway.domain.identifiers import NIK
from gateway.store.tables import DeliveryRow
from tests.domain import journeys
from tests.exchange.offices import Office
from tests.exchange.stage import AGUS, RINA, Stage, application
from tests.exchange.tables.row import Does, Play, Row, row
from tests.exchange.tables.scenes import ACTOR, brought, row_of

SERVICES: Mapping[str, str] = {
    "dinkes": "sip-dokter",  # REST
    "dlh": "lingkungan",  # SOAP 1.2
    "dishub": "trayek",  # REST, answered in two steps
    "bakesbangpol": "penelitian",  # SOAP 1.1
    "bpkpd": "aset",  # REST, two addresses
}
"""The simulated offices, and what each is asked about."""


def asked(stage: Stage, agency: str) -> tuple[Office, DeliveryRow]:
    """A request for a recommendation that is due to the agency; what BPKPD is asked beside it is answered."""
    office = stage.offices.get(agency) or Office(stage, agency)
    case = brought(stage, At.VALIDATED, service=SERVICES[agency])
    for each in stage.hub.store.reader.deliveries(case_id=case.id, limit=100):
        if each.ask_kind == "QueryArrears":
            assert stage.hub.outbound.deliver(each.id)
    return office, stage.delivery(case.id, agency)


# --- what the five simulated offices do ---------------------------------------------------------------------------


def _spoilt(kind: str, state: str) -> Play:
    """A call is spoilt, and then the office is as it was: it has one request, under the one id."""

    def play(stage: Stage) -> None:
        for agency in SERVICES:
            office, delivery = asked(stage, agency)
            office.control("policy", manner="as-agreed")
            office.control("fault", kind=kind)
            assert stage.hub.outbound.deliver(delivery.id), agency
            row = row_of(stage, delivery)
            assert (row.state, row.message_id) == (state, delivery.message_id), agency
            stage.clock.at = row.due_at
            assert stage.hub.outbound.deliver(delivery.id), agency
            assert row_of(stage, delivery).state == "awaiting", agency
            (request,) = (each for each in office.peer.journal.entries("request") if each["case"] == delivery.case_id)
            assert request["message_id"] == delivery.message_id, agency
            assert office.peer.journal.entries("refused") == [], agency
            assert stage.case(delivery.case_id).attention == (), agency
            office.held.carry()

    return play


def _comes(manner: str, *codes: str, favourable: bool = True) -> Play:
    """An answer comes so, is refused with these codes before it is as agreed, and counts once."""

    def play(stage: Stage) -> None:
        for agency in SERVICES:
            office, delivery = asked(stage, agency)
            office.control("policy", manner=manner, favourable=favourable, conditions=["Syarat contoh."])
            before = len(office.failures())
            assert stage.hub.outbound.deliver(delivery.id), agency
            office.held.carry()
            said = office.failures()[before:]
            assert [any(code in text for text in said) for code in codes] == [True] * len(said), (agency, said)
            row, case = row_of(stage, delivery), stage.case(delivery.case_id)
            assert (row.state, case.stage, case.attention) == ("answered", At.RECOMMENDED, ()), agency
            (given,) = case.recommendations
            request = office.peer.journal.entries("request")[-1]
            assert (given.agency, given.favourable, given.number) == (agency, favourable, request["number"])
            assert given.conditions[-1] == "Syarat contoh."
            kept = [each for each in office.peer.journal.entries("answered") if each["message_id"] == row.message_id]
            assert len(kept) == len(request["answer_ids"]), agency
            assert all(each["leaf"] for each in kept), agency
            assert office.peer.journal.entries("request-again") == [], agency

    return play


def _late(stage: Stage) -> None:
    office, delivery = asked(stage, "bakesbangpol")
    office.control("policy", manner="late", late_s=777)
    assert stage.hub.outbound.deliver(delivery.id)
    assert office.held.waits == [777]
    due = row_of(stage, delivery).answer_due_at
    assert due is not None
    stage.clock.at = due
    while stage.hub.timers.run_once():
        pass
    assert any("belum datang" in text for text in stage.case(delivery.case_id).attention)
    office.held.carry()
    assert row_of(stage, delivery).state == "answered"
    assert len(stage.case(delivery.case_id).recommendations) == 1


def _entered_first(stage: Stage) -> None:
    office, delivery = asked(stage, "dishub")
    office.control("policy", manner="never")
    assert stage.hub.outbound.deliver(delivery.id)
    due = row_of(stage, delivery).answer_due_at
    entry = office.peer.journal.entries("request")[-1]
    entered, decided = office.peer.answers(entry)
    office.peer.say(entry, entered, f"agenda-1-{delivery.id}")
    row = row_of(stage, delivery)
    assert (row.state, row.answer_due_at) == ("awaiting", due)
    assert stage.case(delivery.case_id).stage is At.VALIDATED
    office.peer.say(entry, decided, f"putusan-1-{delivery.id}")
    office.peer.say(entry, entered, f"agenda-2-{delivery.id}")  # late: recorded, and changes nothing
    assert row_of(stage, delivery).state == "answered"
    assert stage.case(delivery.case_id).stage is At.RECOMMENDED


CALLS: tuple[Row, ...] = (
    row("down", "HTTP 503", Does.RETRY, "it was not taken (`not-sent`)", _spoilt("down", "not-sent")),
    row(
        "nonsense",
        "HTTP 200, bytes that are no document",
        Does.RETRY,
        "nobody knows whether it was taken: the office keeps one request for each message id (`unknown`)",
        _spoilt("nonsense", "unknown"),
    ),
    row("a maintenance page", "HTTP 200, HTML", Does.RETRY, "the same (`unknown`)", _spoilt("html", "unknown")),
    row(
        "flapping",
        "HTTP 503 and well, by turns",
        Does.RETRY,
        "by the schedule (`not-sent`)",
        _spoilt("flapping", "not-sent"),
    ),
)

ANSWERS: tuple[Row, ...] = (
    row(
        "unfavourable",
        "as agreed, not favourable",
        Does.TAKE,
        "a fact of the case, and the end of nothing",
        _comes("as-agreed", favourable=False),
        "the recommendation: the deciding officer judges it",
    ),
    row("before the request is acknowledged", "the answer first", Does.TAKE, "the same", _comes("early")),
    row(
        "twice",
        "the same answer under another message id",
        Does.TAKE,
        "acknowledged; counts once",
        _comes("twice"),
    ),
    row(
        "about another case",
        "another case than the request's",
        Does.REFUSE,
        "`inconsistent`; the right one still counts",
        _comes("other-case", "inconsistent"),
        "the refused message",
    ),
    row(
        "another form than agreed",
        "members are missing",
        Does.REFUSE,
        "`schema-violation`; the right one still counts",
        _comes("nonsense", "schema-violation"),
        "the refused message",
    ),
    row(
        "late",
        "nothing within the agreed hari kerja, then the answer",
        Does.ASK,
        "tells at the end; an answer that comes then is taken",
        _late,
        "“belum datang”; ask the office",
        alone=True,
    ),
    row(
        "an entry in the register first (Dishub)",
        "the agenda's number, then the decision",
        Does.TAKE,
        "the request stays open and its days run; an entry after the decision changes nothing",
        _entered_first,
    ),
)


# --- arrears (BPKPD) ----------------------------------------------------------------------------------------------

OWING = "9999015708850002"
"""The simulator's books say that this NIK owes Rp1.250.000."""


def question(stage: Stage, nik: str | None = None) -> tuple[Office, DeliveryRow]:
    """A case for an asset of the city whose administration is verified: the question about arrears is due."""
    office = stage.offices.get("bpkpd") or Office(stage, "bpkpd")
    office.control("policy", manner="as-agreed")
    event = application("aset")
    if nik is not None:
        event = replace(event, applicant=replace(event.applicant, nik=NIK(nik)))
    case = stage.hub.deeds.register(event, RINA)
    stage.hub.deeds.record(case.id, ACTOR, journeys.NIK_KNOWN, journeys.COMPLETED, journeys.VERIFIED)
    return office, stage.delivery(case.id, "bpkpd")


def _owes(stage: Stage) -> None:
    office, delivery = question(stage, OWING)
    assert stage.hub.outbound.deliver(delivery.id)
    case = stage.case(delivery.case_id)
    assert (case.arrears, row_of(stage, delivery).state) == (1_250_000, "answered")
    (text,) = case.attention
    assert text.startswith("bpkpd/arrears: Pemohon menunggak Rp1.250.000 per ")
    assert "Pajak Reklame 2024 Rp500.000;" in text
    assert OWING not in text
    assert OWING not in str(office.peer.journal.entries("arrears"))
    stage.hub.deeds.validate(case.id, AGUS)
    assert stage.case(case.id).stage is At.VALIDATED


def _owes_nothing(stage: Stage) -> None:
    _, delivery = question(stage)
    assert stage.hub.outbound.deliver(delivery.id)
    case = stage.case(delivery.case_id)
    assert (case.arrears, case.attention) == (0, ())


def _books_closed(stage: Stage) -> None:
    office, delivery = question(stage)
    office.control("books", closed=True)
    assert stage.hub.outbound.deliver(delivery.id)
    assert row_of(stage, delivery).state == "not-sent"
    stage.hub.deeds.validate(delivery.case_id, AGUS)
    request = stage.delivery(delivery.case_id, "bpkpd")
    assert stage.hub.outbound.deliver(request.id)  # it holds no recommendation up
    assert (request.ask_kind, row_of(stage, request).state) == ("RequestRecommendation", "awaiting")
    office.held.carry()
    office.control("books", closed=False)
    for kind in ("down", "nonsense", "html", "flapping"):
        stage.clock.at = row_of(stage, delivery).due_at
        office.control("fault", kind=kind)
        assert stage.hub.outbound.deliver(delivery.id)
        assert row_of(stage, delivery).state in ("not-sent", "unknown"), kind
    stage.clock.at = row_of(stage, delivery).due_at
    assert stage.hub.outbound.deliver(delivery.id)
    assert (row_of(stage, delivery).state, stage.case(delivery.case_id).arrears) == ("answered", 0)
    assert stage.case(delivery.case_id).attention == ()


ARREARS: tuple[Row, ...] = (
    row("nothing is owed", "`nihil`", Does.TAKE, "records `NoArrearsFound`", _owes_nothing),
    row(
        "the applicant owes",
        "`menunggak`, Rp1.250.000",
        Does.ASK,
        "records `ArrearsFound`; nothing is refused by the machine",
        _owes,
        "“Pemohon menunggak Rp1.250.000”; judge it",
    ),
    row(
        "the books are closed",
        "`tutup-buku`, `cobaLagiDetik`",
        Does.RETRY,
        "when the agency says; so are 503, pages and nonsense, by the schedule. No recommendation waits for it",
        _books_closed,
    ),
)
