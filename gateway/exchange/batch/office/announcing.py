"""The manifest of the office's file, signed and sent like any message of ours: what leaves is on record first.

1. commit     the exact bytes that leave, with their leaf, under the claim and the registry's generation
2. call       under the same message id each time: to the agency it is one message
3. commit     what came back, with its leaf; where it is an acknowledgement, the address of the upload
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count

from gateway.casework.desk import Casework
from gateway.casework.names import message_id
from gateway.contract.message import Payload
from gateway.domain.calendar import local_date
from gateway.domain.errors import AgencyUnavailable, GatewayError, Malformed, SchemaViolation, Unauthenticated
from gateway.exchange.batch.announcing import TOKEN_MEMBER, canonical_text
from gateway.exchange.batch.documents import PIECE_BYTES, BatchState
from gateway.exchange.batch.hands import Hand
from gateway.exchange.batch.moves import Lost, Moves
from gateway.exchange.batch.office.beginning import Wanted
from gateway.exchange.batch.office.calls import Calls, nonsense_of, refusal_of
from gateway.exchange.records import headers_text, part
from gateway.exchange.speaking import AgencyRefused, RestSpeaker, Speech, Spoken, asked_to_wait
from gateway.ledger.leaf import LeafKind
from gateway.store.plan import Change, Conflict, Plan, unmoved
from gateway.store.tables import BatchRow
from gateway.transport.http import HttpReply


def manifest_of(row: BatchRow, size: int, sha256: str, token: str) -> tuple[str, str]:
    """The canonical manifest of a file that is whole, and the SHA-256 of its token."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    period = Wanted.of(row).period()
    said: Payload = {
        "batch": row.name,
        "fileName": f"{row.name}.{row.format}",
        "format": row.format,
        "encoding": "UTF-8",
        "bytes": size,
        "sha256": sha256,
        "records": row.records,
        TOKEN_MEMBER: digest,
        **({} if period is None else {"period": dict(period)}),
    }
    return canonical_text(said), digest


class Announcing:
    """Announces files. For one thread at a time."""

    def __init__(
        self,
        *,
        calls: Calls,
        speaker: RestSpeaker,
        casework: Casework,
        moves: Moves,
        clock: Callable[[], datetime],
    ) -> None:
        self._calls = calls
        self._speaker = speaker
        self._casework = casework
        self._reader = casework.reader
        self._moves = moves
        self._clock = clock

    def announce(self, hand: Hand) -> bool:
        """Announce a file; True once the agency has acknowledged it, or where it is to be said anew at once.

        Raises AgencyUnavailable, AgencyRefused, Held, Unauthorised, Misconfigured, Lost, HubBusy.
        """
        row, now = hand.row, self._clock()
        under = self._calls.under(row, local_date(now))
        self._calls.check(under)
        speech = Speech(
            terms=under.terms,
            payload=json.loads(row.manifest),
            message_id=message_id(row.id),
            url=self._calls.endpoint(under),
            party=under.entry.party,
            at=now,
        )
        spoken = self._speaker.speak(speech)
        number = next(each for each in count(1) if self._reader.part(row.id, f"sent-{each}") is None)
        guard = unmoved(under.entry.generation)
        kept = self._kept(hand, "sent", number, spoken.stored_body, headers_text(spoken.stored_headers))
        outcome = self._moves.try_out(Plan.of(guard) + self._moves.guarded(hand) + kept)  # 1
        if isinstance(outcome, Conflict):
            if outcome.change != guard:
                raise Lost
            return True
        reply = self._calls.send(under, spoken.call)  # 2
        accepted, error = self._heard(row, speech, spoken, reply)
        values: dict[str, object] = {}
        if accepted is not None:
            values = {
                "state": BatchState.SENDING.value,
                "upload": accepted["upload"],
                "piece_size": min(int(str(accepted["pieceBytes"])), PIECE_BYTES),
                "tries": 0,
                "cause": None,
            }
        head = headers_text({**reply.headers, ":status": str(reply.status)})
        outcome_of = "answered" if error is None else error.code
        self._moves.moved(hand, self._kept(hand, "reply", number, reply.body, head, outcome_of), **values)  # 3
        if error is not None:
            raise error
        return True

    def _heard(
        self, row: BatchRow, speech: Speech, spoken: Spoken, reply: HttpReply
    ) -> tuple[Payload | None, GatewayError | None]:
        """The agency's acknowledgement, or why there is none."""
        now = self._clock()
        try:
            said = self._speaker.hear(speech, spoken, reply, now)
            if said is None or (said["batch"], said["bytes"]) != (row.name, row.size):
                raise Malformed("the acknowledgement is one of another file", code="reply-unexpected")
        except AgencyRefused:
            return None, refusal_of(reply, now)
        except AgencyUnavailable as away:
            return None, asked_to_wait(away, reply, now)
        except (Malformed, SchemaViolation, Unauthenticated) as nonsense:
            return None, nonsense_of(nonsense)
        return said, None

    def _kept(self, hand: Hand, stem: str, number: int, body: bytes, head: bytes, outcome: str = "") -> Plan:
        """What left or came, as parts of the file's exchange with a leaf that commits to them."""
        parts = {f"{stem}-{number}": body, f"{stem}-{number}-headers": head}
        extra: dict[str, str | int] = {"attempt": number, "interaction": hand.row.interaction}
        kind = LeafKind.SENT if stem == "sent" else LeafKind.REPLY
        if outcome:
            extra["outcome"] = outcome
        return evidence(self._casework, hand.row, kind, parts, self._clock(), extra)


def evidence(
    casework: Casework,
    row: BatchRow,
    kind: LeafKind,
    parts: Mapping[str, bytes],
    at: datetime,
    extra: Mapping[str, str | int],
) -> Plan:
    """Parts of a file's exchange, and the leaf that commits to them."""
    key = casework.vault.exchange_key(None, row.made_at)
    leaf = casework.leaves.make(
        kind,
        at=at,
        actor=f"agency/{row.agency}",
        exchange=row.id,
        agreement=f"{row.agreement}/{row.agreement_version}",
        key=key.key,
        parts=parts,
        extra=extra,
    )
    seal = casework.vault.exchange_seal(row.id, None, row.made_at, key.key)
    changes: list[Change] = [part(seal, name, body) for name, body in parts.items()]
    return key.plan + Plan((*changes, leaf.row))
