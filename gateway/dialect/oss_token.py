"""OSS's header Token = SHA1(USERNAME + PASSWORD + NIB + DATE), DATE being today in Jakarta as YYYYMMDD.

The rule is OSS's, and weak: a token is good for every message about that NIB for a day. We accept it because the
agreement names it, compare in constant time, allow the neighbouring day for a few minutes around midnight, and rely
on TLS, on source addresses and on the identity of content for the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.contract.message import Json, Message
from gateway.dialect.party import Hub, Party, Proven
from gateway.dialect.rest import Answering, canonical
from gateway.dialect.shared_secret import equal
from gateway.domain.calendar import local_date
from gateway.domain.errors import Unauthenticated

MIDNIGHT_SKEW = timedelta(minutes=10)
"""How far two clocks may stand apart around midnight in Jakarta."""


@dataclass(frozen=True)
class OssToken:
    """In only. Credentials `username` and `password`."""

    def authenticate(self, message: Message, payload: Json, party: Party, hub: Hub, at: datetime) -> Proven:  # noqa: ARG002 - the profile's signature
        """Compare the token with those of the days that `at` may be on.

        Raises Unauthenticated `token-wrong`, or `token-expired` for a token that was right on the day before.
        """
        given = message.headers.get("token", "").lower()
        nib = _nib(payload)
        days = dict.fromkeys(local_date(at + skew) for skew in (timedelta(0), -MIDNIGHT_SKEW, MIDNIGHT_SKEW))
        secret = party.secret("username") + party.secret("password") + nib
        right = [equal(given, token(secret, day.strftime("%Y%m%d"))) for day in days]
        if not any(right):
            yesterday = local_date(at) - timedelta(days=1)
            late = equal(given, token(secret, yesterday.strftime("%Y%m%d")))
            raise Unauthenticated(
                "header Token is of another day: make it with today's date in Jakarta"
                if late
                else "header Token is missing or is not SHA1(USERNAME + PASSWORD + NIB + YYYYMMDD of Jakarta)",
                code="token-expired" if late else "token-wrong",
            )
        return Proven(agency=party.agency, actor="credential/username", content=canonical(payload), document=payload)

    def check_fresh(self, proven: Proven, at: datetime) -> None:
        """The token's day is its freshness, and it was checked with the token."""

    def seal(self, answering: Answering, hub: Hub, at: datetime) -> Mapping[str, str]:  # noqa: ARG002 - the profile's signature
        """OSS does not ask for proof of answers."""
        return {}


def token(secret: str, day: str) -> str:
    """Make the token of a day; `secret` is USERNAME + PASSWORD + NIB."""
    return hashlib.sha1((secret + day).encode(), usedforsecurity=False).hexdigest()


def _nib(payload: Json) -> str:
    data = payload.get("dataNIB") if isinstance(payload, dict) else None
    nib = data.get("nib") if isinstance(data, dict) else None
    return nib if isinstance(nib, str) else ""
