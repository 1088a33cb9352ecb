"""A bank that speaks SNAP BI: tokens, signatures, times, and X-EXTERNAL-ID; each no has its seven digits."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from conformance.signing import snap
from tests.exchange import voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import SECRETS, Stage
from tests.exchange.tables.bank import external_id, hears
from tests.exchange.tables.row import Does, Play, Row, row
from tests.exchange.tables.scenes import COUNTED


def _inquiry(code: str, *, external: str = "", **twists: Any) -> Callable[[Stage], None]:
    """An inquiry about an account that nobody has: who is proven hears 4042412."""

    def play(stage: Stage) -> None:
        with stage.unchanged():
            hears(voices.ask_bill(stage, external=external or external_id(), **twists), code)

    return play


def _expired(stage: Stage) -> None:
    access = voices.ask_token(stage).json["accessToken"]
    stage.clock.advance(seconds=901)
    hears(voices.ask_bill(stage, token=access, external=external_id()), "4012401")


def _stale(minutes: int) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        access = voices.ask_token(stage).json["accessToken"]
        at = stage.clock() + timedelta(minutes=minutes)
        hears(voices.ask_bill(stage, token=access, external=external_id(), at=at), "4012400")

    return play


def _spaced(stage: Stage) -> None:
    """The body has blanks, the signature is over the minified one: as the standard says."""
    access = voices.ask_token(stage).json["accessToken"]
    spaced = json.dumps(voices.INQUIRY, indent=2).encode()
    minified = json.dumps(voices.INQUIRY, separators=(",", ":")).encode()
    signature = snap.transaction_signature(
        SECRETS["bank"]["client_secret"],
        f"{voices.BANK_PATH}/inquiry",
        access,
        minified,
        snap.timestamp(stage.clock()),
    )
    said = voices.ask_bill(stage, token=access, raw=spaced, external=external_id(), X_SIGNATURE=signature)
    hears(said, "4042412")


def _token_by_another_key(stage: Stage) -> None:
    moment = snap.timestamp(stage.clock())
    forged = snap.token_signature(agency_identity("stranger", "rsa").key, SECRETS["bank"]["client_id"], moment)
    hears(voices.ask_token(stage, X_SIGNATURE=forged), "4017300")


def _token_for_another_client(stage: Stage) -> None:
    hears(voices.ask_token(stage, client="another"), "4017300")


def _refused(name: str, wire: str, hub: str, play: Play) -> Row:
    return row(name, wire, Does.REFUSE, hub, play, COUNTED)


PROOFS: tuple[Row, ...] = (
    _refused("a token for another client", "another X-CLIENT-KEY", "4017300", _token_for_another_client),
    _refused("a token asked for with another key", "SHA256withRSA by a stranger", "4017300", _token_by_another_key),
    _refused(
        "no token",
        "no Authorization",
        "401xx01: ask for one",
        _inquiry("4012401", token="x", Authorization="none"),
    ),
    _refused("a token that has ended", "901 seconds old", "401xx01: ask for a new one", _expired),
    _refused("a wrong signature", "HMAC with another secret", "401xx00", _inquiry("4012400", secret="another")),
    _refused("another partner", "another X-PARTNER-ID", "401xx00", _inquiry("4012400", X_PARTNER_ID="another")),
    _refused("an old message", "X-TIMESTAMP six minutes old", "401xx00 [Timestamp]", _stale(-6)),
    _refused("a message of the future", "X-TIMESTAMP six minutes ahead", "401xx00 [Timestamp]", _stale(6)),
    _refused(
        "no time",
        "X-TIMESTAMP without its offset",
        "401xx00 [Timestamp]",
        _inquiry("4012400", X_TIMESTAMP="2026-03-02T10:00:00"),
    ),
    _refused("an X-EXTERNAL-ID with letters", "`17a`", "401xx00", _inquiry("4012400", external="17a")),
    row("blanks between tokens", "signed over the minified body", Does.TAKE, "it is the same message", _spaced),
)
