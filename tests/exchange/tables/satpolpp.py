"""Satpol PP at its mailbox: it comes late, twice, never, refuses, answers about another case. REST, signed by both."""

from __future__ import annotations

from itertools import count
from typing import Any

from gateway.domain.case import Stage as At
from gateway.store.tables import DeliveryRow
from tests.exchange import mailbox_voices as mailbox
from tests.exchange.keys import agency_identity
from tests.exchange.mailbox_voices import Visitor, laid, opened, outcomes
from tests.exchange.stage import RINA, Stage
from tests.exchange.tables.row import Does, Play, Row, row
from tests.exchange.tables.scenes import COUNTED, brought, row_of

_VISITS = count(1)


def _visitor(stage: Stage) -> Visitor:
    """Satpol PP, with message ids that no other row has used."""
    return Visitor(stage, came=1000 * next(_VISITS))


def _collected(stage: Stage) -> tuple[Visitor, DeliveryRow]:
    visitor, delivery = _visitor(stage), laid(stage)
    assert delivery.message_id in [each["messageId"] for each in visitor.collect()]
    return visitor, delivery


def _acknowledged(stage: Stage) -> None:
    visitor, delivery = _collected(stage)
    assert visitor.acknowledge(delivery.message_id) == ["acknowledged"]
    assert visitor.acknowledge(delivery.message_id) == ["already"]
    assert (row_of(stage, delivery).state, outcomes(stage, delivery)) == ("answered", ["answered"])


def _answer_lost(stage: Stage) -> None:
    delivery, message_id = laid(stage), f"lost-{next(_VISITS)}"
    first = mailbox.say_rest(stage, "collect", {}, message_id=message_id)
    behind = laid(stage)
    again = mailbox.say_rest(stage, "collect", {}, message_id=message_id)
    assert (again.body, again.headers["x-jws-signature"]) == (first.body, first.headers["x-jws-signature"])
    assert row_of(stage, delivery).attempts == 1
    visitor = _visitor(stage)
    assert [each["messageId"] for each in visitor.collect()] == [behind.message_id]
    assert visitor.acknowledge(delivery.message_id, behind.message_id) == ["acknowledged"] * 2


def _not_acknowledged(stage: Stage) -> None:
    visitor, delivery = _visitor(stage), laid(stage)
    (first,) = visitor.collect()
    task = opened(stage, first)
    stage.clock.advance(minutes=5, seconds=-1)
    assert visitor.collect() == []
    stage.clock.advance(seconds=1)
    (second,) = visitor.collect()
    assert (second["messageId"], second["collected"]) == (first["messageId"], 2)
    assert opened(stage, second) == task
    assert outcomes(stage, delivery) == ["not-acknowledged", None]
    assert visitor.acknowledge(delivery.message_id) == ["acknowledged"]
    assert outcomes(stage, delivery) == ["not-acknowledged", "answered"]


def _late_word(stage: Stage) -> None:
    visitor, delivery = _collected(stage)
    stage.clock.advance(minutes=6)
    assert stage.hub.lapsing.run_once() == 1
    assert (row_of(stage, delivery).state, stage.hub.lapsing.run_once()) == ("laid-down", 0)
    assert visitor.acknowledge(delivery.message_id) == ["acknowledged"]
    assert (visitor.collect(), outcomes(stage, delivery)) == ([], ["answered"])


def _not_its_own(stage: Stage) -> None:
    visitor, delivery = _visitor(stage), laid(stage)
    assert visitor.acknowledge("urn:uuid:nobody", delivery.message_id) == ["unknown", "not-collected"]
    assert row_of(stage, delivery).state == "laid-down"
    assert visitor.collect()
    assert visitor.acknowledge(delivery.message_id) == ["acknowledged"]


def _refused(stage: Stage) -> None:
    visitor, delivery = _collected(stage)
    told = visitor.acknowledge(delivery.message_id, outcome="refused", text="Bukan wewenang kami.")
    assert told == ["acknowledged"]
    row = row_of(stage, delivery)
    assert (row.state, row.outcome, row.cause) == (
        "dead",
        "refused",
        "Instansi menolak pesan ini: Bukan wewenang kami.",
    )
    (text,) = stage.case(delivery.case_id).attention
    assert "Instansi menolak pesan ini: Bukan wewenang kami." in text
    assert visitor.acknowledge(delivery.message_id) == ["already"]
    stage.letters.redrive(delivery.id, RINA.actor)
    assert not stage.hub.outbound.deliver(delivery.id)
    assert [each["collected"] for each in visitor.collect()] == [2]
    assert visitor.acknowledge(delivery.message_id) == ["acknowledged"]


def _used_up(stage: Stage) -> None:
    stage.agree("satpolpp", ("attempts = 20", "attempts = 2"))
    visitor = _visitor(stage)
    visitor.agreement = "satpolpp-2026/1.1"
    delivery = laid(stage)
    for state in ("laid-down", "dead"):
        assert len(visitor.collect()) == 1
        assert stage.hub.lapsing.run_once() == 0
        stage.clock.advance(minutes=5)
        if state == "dead":
            assert visitor.collect() == []  # also before it is written down
        assert stage.hub.lapsing.run_once() == 1
        assert row_of(stage, delivery).state == state
    assert (row_of(stage, delivery).outcome, outcomes(stage, delivery)) == ("used-up", ["not-acknowledged"] * 2)
    assert "tidak pernah dikonfirmasi" in stage.case(delivery.case_id).attention[-1]
    assert visitor.acknowledge(delivery.message_id, outcome="refused") == ["already"]
    assert visitor.acknowledge(delivery.message_id) == ["acknowledged"]
    assert row_of(stage, delivery).state == "answered"


def _nobody_comes(stage: Stage) -> None:
    visitor, delivery, reader = _visitor(stage), laid(stage), stage.hub.store.reader
    assert delivery.remind_at is not None
    assert delivery.answer_due_at is not None
    stage.clock.at = delivery.remind_at
    stage.hub.timers.run_once()
    assert "tinggal satu hari kerja" in stage.case(delivery.case_id).attention[-1]
    visitor.collect()
    stage.clock.at = delivery.answer_due_at
    stage.hub.timers.run_once()
    assert "sudah diambil tetapi belum dikonfirmasi" in stage.case(delivery.case_id).attention[-1]
    assert reader.overdue_count(stage.clock()) == 1
    assert visitor.acknowledge(delivery.message_id) == ["acknowledged"]
    assert reader.overdue_count(stage.clock()) == 0


def _somebody_else(stage: Stage) -> None:
    delivery = laid(stage)
    stranger = agency_identity("stranger")
    said = mailbox.say_rest(stage, "collect", {}, message_id=f"m-{next(_VISITS)}", signer=stranger)
    assert said.status == 401
    _still_there(stage, delivery)


def _suspended(stage: Stage) -> None:
    delivery = laid(stage)
    stage.suspend("satpolpp")
    try:
        said = mailbox.say_rest(stage, "collect", {}, message_id=f"m-{next(_VISITS)}")
    finally:
        stage.suspend("satpolpp", None)
    assert said.code == "agency-suspended"
    _still_there(stage, delivery)


def _still_there(stage: Stage, delivery: DeliveryRow) -> None:
    assert row_of(stage, delivery).state == "laid-down"
    visitor = _visitor(stage)
    assert visitor.collect()
    assert visitor.acknowledge(delivery.message_id) == ["acknowledged"]


COLLECTING: tuple[Row, ...] = (
    row("an item is acknowledged, twice", "`taken`, `taken`", Does.TAKE, "`acknowledged`, `already`", _acknowledged),
    row(
        "the answer was lost",
        "`collect` again under the same `jti`",
        Does.TAKE,
        "the same answer, byte for byte; nothing more is collected",
        _answer_lost,
    ),
    row(
        "an item is not acknowledged in time",
        "nothing for 5 minutes after it was collected",
        Does.RETRY,
        "it is given again, under its id",
        _not_acknowledged,
    ),
    row(
        "it is acknowledged too late",
        "`taken` after 6 minutes",
        Does.TAKE,
        "the word counts while nobody has said anything since",
        _late_word,
    ),
    row(
        "a word about what was never collected",
        "`taken` for another id, or before it was collected",
        Does.REFUSE,
        "`unknown`, `not-collected`; the others of the message count",
        _not_its_own,
    ),
    row(
        "the agency refuses it",
        "`refused`, `Bukan wewenang kami.`",
        Does.ASK,
        "a dead letter (`dead`)",
        _refused,
        "“Instansi menolak pesan ini: Bukan wewenang kami.”; mend it and redrive: it lies there again",
    ),
    row(
        "it is collected as often as agreed, and never acknowledged",
        "`collect` alone",
        Does.ASK,
        "a dead letter (`dead`), until a late word",
        _used_up,
        "“tidak pernah dikonfirmasi”; ask the agency",
        alone=True,
    ),
    row(
        "nobody comes",
        "nothing for the agreed hari kerja",
        Does.ASK,
        "reminds a hari kerja before, and tells at the end; it goes on lying there",
        _nobody_comes,
        "“tinggal satu hari kerja”, “sudah diambil tetapi belum dikonfirmasi”; ask the agency",
        alone=True,
    ),
    row(
        "somebody else comes",
        "a JWS of another key",
        Does.REFUSE,
        "HTTP 401, counted and not kept",
        _somebody_else,
        COUNTED,
    ),
    row(
        "while the agency is suspended",
        "`collect`, in order",
        Does.REFUSE,
        "`agency-suspended`; what lies there stays",
        _suspended,
        "the refused message",
    ),
)


# --- its recommendation -------------------------------------------------------------------------------------------


def _said(stage: Stage) -> dict[str, Any]:
    """Satpol PP's word about a case whose task it has taken."""
    case = brought(stage, At.VALIDATED, service="reklame")
    delivery = stage.delivery(case.id, "satpolpp")
    assert not stage.hub.outbound.deliver(delivery.id)
    visitor = _visitor(stage)
    visitor.collect()
    assert visitor.acknowledge(delivery.message_id) == ["acknowledged"]
    return {
        "task": delivery.message_id,
        "case": case.id,
        "number": "331/17/2026",
        "date": "2026-03-02",
        "favourable": True,
        "official": "Budi Contoh",
    }


def _recommended(stage: Stage) -> None:
    said = _said(stage)
    assert mailbox.recommend(stage, said, message_id=f"r-{next(_VISITS)}").status == 200
    assert [each.agency for each in stage.case(said["case"]).recommendations] == ["satpolpp"]


def _recommended_twice(stage: Stage) -> None:
    said, message_id = _said(stage), f"r-{next(_VISITS)}"
    first = mailbox.recommend(stage, said, message_id=message_id)
    with stage.unchanged("exchange", "leaf"):
        assert mailbox.recommend(stage, said, message_id=message_id).body == first.body


def _crossed(code: str, **change: str) -> Play:
    def play(stage: Stage) -> None:
        said = {**_said(stage), **change}
        with stage.unchanged():
            assert mailbox.recommend(stage, said, message_id=f"r-{next(_VISITS)}").code == code

    return play


RECOMMENDING: tuple[Row, ...] = (
    row("as agreed", "`recommendation`", Does.TAKE, "a fact of the case", _recommended, "the recommendation"),
    row("twice", "the same `jti` and body", Does.TAKE, "the same answer, and one fact", _recommended_twice),
    row(
        "about another case than the task's",
        "another `case`",
        Does.REFUSE,
        "`inconsistent`",
        _crossed("inconsistent", case="K-OTHER"),
        "the refused message",
    ),
    row(
        "about a task that nobody gave",
        "an unknown `task`",
        Does.REFUSE,
        "`not-found`",
        _crossed("not-found", task="urn:nobody"),
        "the refused message",
    ),
)
