"""One call of one witness (C2SP tlog-witness `add-checkpoint`), and what its answer means.

1. the newest checkpoint, and the proof that it continues the one that the witness has, as far as we know
2. 200      its lines, which are verified
409      it has another one: the proof again, from that one. One that we do not have, or the same size with
another root, is a refusal
4xx      a refusal: it does not accept the proof, the key or the ledger
else     nothing came: again later
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from gateway.domain.errors import AgencyUnavailable, LedgerBroken, Misconfigured
from gateway.ledger.cosignature import Cosignature, WitnessVerifier
from gateway.ledger.encoding import encode_base64
from gateway.ledger.tree import consistency_proof
from gateway.operations.integrator import StoredTiles
from gateway.store.reading import Reader
from gateway.store.tables import CheckpointRow, WitnessRow
from gateway.transport.http import HttpReply, OutboundCall

CALL_S = 5.0
MAX_REPLY_BYTES = 16 * 1024
TRIES = 3
"""Sizes that a witness may name in a row."""

_WHY = {
    400: "it cannot read what it is sent",
    403: "it does not accept the signature of the ledger's key",
    404: "it does not know this ledger's name, or nothing is at its URL",
    422: "it does not accept the proof that the ledger only grew",
}


class Client(Protocol):
    """What is needed of `gateway.transport.http.HttpClient`."""

    def send(self, call: OutboundCall) -> HttpReply:
        """Send and give the whole reply."""
        ...


@dataclass(frozen=True)
class Cosigned:
    """The line that a witness gave on this checkpoint; it verifies."""

    checkpoint: CheckpointRow
    line: Cosignature


@dataclass(frozen=True)
class Refusal:
    """Why a witness will not co-sign, and the size that it names (that of the checkpoint it was shown, else)."""

    text: str
    size: int


@dataclass(frozen=True)
class Failure:
    """Why a call brought nothing."""

    text: str


Told: TypeAlias = Cosigned | Refusal | Failure


def ask(client: Client, reader: Reader, row: WitnessRow, newest: CheckpointRow) -> Told:
    """Ask a witness to co-sign the newest checkpoint, as the module says. Raises HubBusy."""
    try:
        return _asked(client, reader, row, newest)
    except (AgencyUnavailable, Misconfigured) as fault:
        return Failure(fault.text)
    except LedgerBroken as fault:  # of its lines, or of our own tiles
        return Failure(fault.violations[0].text if fault.violations else fault.text)


def _asked(client: Client, reader: Reader, row: WitnessRow, newest: CheckpointRow) -> Told:
    old = row.size
    for _ in range(TRIES):
        # 1
        reply = client.send(_submission(reader, row, old, newest))
        # 2
        if reply.status == 200:
            return _line_in(reply.body, row, newest)
        if reply.status != 409:
            return _not_taken(reply.status, newest.size)
        has = _size_in(reply.body)
        if has is None:
            return Failure("it answers 409 without the size that it has")
        if has > newest.size:
            newest = reader.last_checkpoint() or newest  # it may have come for a newer one by itself
        if has > newest.size:
            return Refusal(f"it has seen {has} leaves of this ledger, which has {newest.size} now", has)
        if has == old:
            return Refusal(f"it has seen another ledger of {has} leaves, with another root", has)
        old = has
    return Failure("it names another size each time")


def _submission(reader: Reader, row: WitnessRow, old: int, newest: CheckpointRow) -> OutboundCall:
    proof = consistency_proof(old, newest.size, StoredTiles(reader))
    lines = "".join(f"{encode_base64(each)}\n" for each in proof)
    return OutboundCall(
        method="POST",
        url=f"{(row.url or '').rstrip('/')}/add-checkpoint",
        headers={"Content-Type": "text/plain; charset=utf-8"},
        body=f"old {old}\n{lines}\n{newest.note}".encode(),
        timeout_s=CALL_S,
        max_reply_bytes=MAX_REPLY_BYTES,
    )


def _line_in(reply: bytes, row: WitnessRow, newest: CheckpointRow) -> Cosigned | Failure:
    line = WitnessVerifier.parse(row.verifier).cosignature_on(newest.note + reply.decode(errors="replace"))
    return Failure("its answer has no line by the key that is registered") if line is None else Cosigned(newest, line)


def _not_taken(status: int, size: int) -> Refusal | Failure:
    if status in _WHY:
        return Refusal(f"{_WHY[status]} (HTTP {status})", size)
    return Failure(f"it answers with HTTP status {status}")


def _size_in(body: bytes) -> int | None:
    text = body.strip()
    return int(text) if text.isdigit() and len(text) < 19 else None
