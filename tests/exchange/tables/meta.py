"""The hub's own services for agencies, asked wrongly, too early, by somebody else. Each row over REST and over SOAP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from gateway.store.tables import ExchangeRow
from tests.exchange import meta_voices, voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage
from tests.exchange.tables.bank import external_id
from tests.exchange.tables.row import Does, Play, Row, row
from tests.exchange.tables.scenes import COUNTED

NAMES = ("echo", "allowed", "agreements", "status", "receipt", "documents", "reconcile")
LEAST: Mapping[str, Mapping[str, str]] = {
    "status": {"messageId": "nothing"},
    "receipt": {"messageId": "nothing"},
    "reconcile": {"from": "2026-03-02", "to": "2026-03-02"},
}
"""What has to be said at least."""

_IDS = count(1)


def _id() -> str:
    return f"meta-{next(_IDS)}"


def _of_the_bank(stage: Stage) -> ExchangeRow:
    """An exchange of another agency than the one that asks."""
    before = {row.id for row in stage.exchanges("bank")}
    voices.ask_bill(stage, external=external_id())
    (found,) = (row for row in stage.exchanges("bank") if row.id not in before)
    return found


def _by_strangers(stage: Stage) -> None:
    stranger = agency_identity("stranger")
    with stage.unchanged("exchange", "leaf"):
        for ask, _ in meta_voices.BOTH.values():
            said = [ask(stage, name, LEAST.get(name), signer=stranger, message_id=_id()).code for name in NAMES]
            assert said == ["certificate-unknown"] * len(NAMES)


def _hindered(hinder: Callable[[Stage], object], mend: Callable[[Stage], object]) -> Play:
    def play(stage: Stage) -> None:
        hinder(stage)
        try:
            for ask, _ in meta_voices.BOTH.values():
                told = {name: ask(stage, name, LEAST.get(name), message_id=_id()).code for name in NAMES}
                assert told == {**dict.fromkeys(NAMES, ""), "receipt": "exchange-unknown"}
        finally:
            mend(stage)

    return play


def _unnamed(stage: Stage) -> None:
    asked: tuple[dict[str, str], ...] = ({}, {"messageId": "a", "exchange": "b"}, {"messageId": ""})
    for ask, _ in meta_voices.BOTH.values():
        for name in ("status", "receipt"):
            said = [ask(stage, name, each, message_id=_id()).code for each in asked]
            assert said == ["schema-violation"] * len(asked), name


def _not_known(stage: Stage) -> None:
    bank = _of_the_bank(stage)
    asked: tuple[dict[str, Any], ...] = (
        {"messageId": bank.message_id},
        {"exchange": bank.id},
        {"exchange": "nothing"},
        {"messageId": "nothing"},
    )
    for ask, read in meta_voices.BOTH.values():
        for each in asked:
            told = read(stage, ask(stage, "status", each, message_id=_id())).payload
            assert (told["known"], told.get("message", [])) == (False, [])
        own = ask(stage, "status", asked[0], message_id=_id(), agency="bank")
        assert read(stage, own, "bank").payload["known"] is True


def _no_receipt(stage: Stage) -> None:
    bank = _of_the_bank(stage)
    while stage.hub.integrator.run_once():
        pass
    asked = ({"exchange": bank.id}, {"messageId": bank.message_id}, {"exchange": "nothing"})
    for ask, read in meta_voices.BOTH.values():
        assert {ask(stage, "receipt", each, message_id=_id()).code for each in asked} == {"exchange-unknown"}
        own = ask(stage, "receipt", {"exchange": bank.id}, message_id=_id(), agency="bank")
        assert read(stage, own, "bank").payload["exchange"] == bank.id


def _too_early(stage: Stage) -> None:
    for transport, (ask, read) in meta_voices.BOTH.items():
        asked, message_id = {"messageId": _id()}, _id()
        voices.ask_validity(stage, jti=asked["messageId"])
        early = ask(stage, "receipt", asked, message_id=message_id)
        assert (early.status, early.code) == (503 if transport == "rest" else 500, "receipt-not-yet")
        assert early.headers["retry-after"] == "5"
        while stage.hub.integrator.run_once():
            pass
        assert read(stage, ask(stage, "receipt", asked, message_id=message_id)).payload["exchange"]


QUESTIONS: tuple[Row, ...] = (
    row(
        "somebody else asks",
        "signed with a key that nobody registered",
        Does.REFUSE,
        "`certificate-unknown`; an echo is explained",
        _by_strangers,
        COUNTED,
    ),
    row(
        "the agency is suspended",
        "any of them, in order",
        Does.TAKE,
        "they are answered: the agency may ask why",
        _hindered(lambda stage: stage.suspend("dpupr"), lambda stage: stage.suspend("dpupr", None)),
    ),
    row(
        "the agency has no agreement in force",
        "any of them, in order",
        Does.TAKE,
        "the same",
        _hindered(
            lambda stage: stage.cease("dpupr"),
            lambda stage: stage.hub.store.registry.activate_for_development("dpupr-2026", "1.0", "staff/siti"),
        ),
    ),
    row("no id is named, or two", "`status` and `receipt`", Does.REFUSE, "`schema-violation`", _unnamed),
    row(
        "the status of another agency's message",
        "its `messageId` or `exchange`",
        Does.REFUSE,
        "`known` false, as for an id that nobody used",
        _not_known,
    ),
    row(
        "the receipt of another agency's exchange",
        "its `messageId` or `exchange`",
        Does.REFUSE,
        "`exchange-unknown`, as for an id that nobody used",
        _no_receipt,
    ),
    row(
        "a receipt before its leaves are in the ledger",
        "`receipt` at once",
        Does.REFUSE,
        "`receipt-not-yet` with `Retry-After: 5`; the same message may come again",
        _too_early,
    ),
)
