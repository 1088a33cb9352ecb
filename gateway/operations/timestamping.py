"""A timestamp of RFC 3161 for a checkpoint, every so often: a time that is not the office's own word.

What is stamped is the SHA-256 of the checkpoint's note as the ledger signed it, so that `openssl ts -verify` needs the
note, the token and the authority's certificate, and nothing of ours. A token is verified before it is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from cryptography import x509

from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import AgencyUnavailable, Misconfigured, Refused
from gateway.store.plan import Claim, Plan
from gateway.store.reading import Reader
from gateway.store.tables import CheckpointRow, TimestampRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.transport.http import HttpReply, OutboundCall
from gateway.trust import timestamps

CALL_S = 10.0
MAX_REPLY_BYTES = 64 * 1024
NONCE_SIZE = 8
PAUSE = timedelta(minutes=1)
"""After a failure, before the authority is asked again."""

CLOCKS = timedelta(minutes=5)
"""So far may the authority's clock be from ours."""

_log = structlog.get_logger("simojo.timestamps")


class Client(Protocol):
    """What is needed of `gateway.transport.http.HttpClient`."""

    def send(self, call: OutboundCall) -> HttpReply:
        """Send and give the whole reply."""
        ...


@dataclass(frozen=True, kw_only=True)
class Authority:
    """Who is asked, at which URL, the certificates that its own must chain to, and how often at most."""

    url: str
    certificates: Sequence[x509.Certificate]
    interval: timedelta


class Timestamping:
    """Has the newest checkpoint stamped. `trouble` says why there is none of late, "" while all is well."""

    def __init__(
        self,
        *,
        reader: Reader,
        unit_of_work: UnitOfWork,
        client: Client,
        authority: Authority,
        clock: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._client = client
        self._authority = authority
        self._clock = clock
        self._random_bytes = random_bytes
        self._next_at: datetime | None = None
        self._fault = ""

    def run_once(self) -> bool:
        """Have one made if one is due; never says that there is more. Raises HubBusy."""
        now, newest, last = self._clock(), self._reader.last_checkpoint(), self._reader.last_timestamp()
        is_done = newest is None or (last is not None and last.size >= newest.size)
        is_early = last is not None and now - last.at < self._authority.interval
        if newest is None or is_done or is_early or (self._next_at is not None and now < self._next_at):
            return False
        try:
            stamped = self._ask(newest, now)
        except (AgencyUnavailable, Misconfigured, Refused) as fault:
            self._next_at, self._fault = now + PAUSE, fault.text
            _log.warning("timestamp-missing", size=newest.size, text=fault.text)
            return False
        self._next_at, self._fault = None, ""
        values = {"size": newest.size, "token": stamped.token, "at": stamped.at}
        self._unit_of_work.commit(Plan.of(Claim(TimestampRow, ("size",), values)))  # twice is as good as once
        return False

    def trouble(self) -> str:
        """What staff read while the authority does not answer as it should."""
        if not self._fault:
            return ""
        last = self._reader.last_timestamp()
        since = (
            "there is none yet" if last is None else f"the last is of {last.at.astimezone(JAKARTA):%Y-%m-%d %H:%M} WIB"
        )
        return f"checkpoints get no timestamp from {self._authority.url} ({since}): {self._fault}"

    def _ask(self, checkpoint: CheckpointRow, now: datetime) -> timestamps.Timestamp:
        digest = hashlib.sha256(checkpoint.note.encode()).digest()
        nonce = int.from_bytes(self._random_bytes(NONCE_SIZE))
        call = OutboundCall(
            method="POST",
            url=self._authority.url,
            headers={"Content-Type": timestamps.REQUEST, "Accept": timestamps.REPLY},
            body=timestamps.question(digest, nonce),
            timeout_s=CALL_S,
            max_reply_bytes=MAX_REPLY_BYTES,
        )
        reply = self._client.send(call)
        if reply.status != 200:
            raise Refused(f"it answers with HTTP status {reply.status}", code="timestamp-refused")
        stamped = timestamps.read_reply(reply.body, digest, nonce, self._authority.certificates)
        if abs(stamped.at - now) > CLOCKS:
            raise Refused(f"its time {stamped.at.isoformat()} is far from the hub's", code="timestamp-refused")
        return stamped
