"""Co-signatures in a receipt: lines of witnesses under the ledger's own (C2SP tlog-cosignature, Ed25519).

A witness states that it has only ever seen this ledger grow, and when. What it signs is

    cosignature/v1
    time 1679315147                        POSIX seconds, by its own clock
    <the three lines of the checkpoint>

and its line holds base64(4-byte key id, 8-byte big-endian time, 64-byte signature).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from conformance import notes
from conformance.notes import WITNESS, NotAKey, VerifierKey
from conformance.receipts.damage import COSIGNATURE, VERIFIER_KEY, WITNESS_MISSING, Damaged
from conformance.receipts.note import lines_of

_LINE_SIZE = 72
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = (datetime.max.replace(tzinfo=UTC) - timedelta(days=2) - _EPOCH) // timedelta(seconds=1)


@dataclass(frozen=True)
class Cosigned:
    """A line that is not the ledger's. `at` is what it says, None where it is of another kind than a witness's."""

    name: str
    at: datetime | None


@dataclass(frozen=True)
class Witnessed:
    """`judged` lines verify by keys that the reader trusts; nothing is known of the `others`."""

    judged: tuple[Cosigned, ...] = ()
    others: tuple[Cosigned, ...] = ()


def read_witness_key(text: str) -> VerifierKey:
    """Read a witness's `name+key id+base64`. Raises Damaged `verifier-key`."""
    try:
        return notes.read_key(text, WITNESS)
    except NotAKey as fault:
        raise Damaged(VERIFIER_KEY, "witness key", str(fault), given=True) from None


def judge_witnesses(note: str, ledger: VerifierKey, keys: Sequence[VerifierKey], need: int) -> Witnessed:
    """Judge the lines by these keys, of the newest that each has; at least `need` of the keys are to have one.

    Raises Damaged `cosignature` for a line of such a key that does not verify, `witness-missing`.
    """
    text, lines = lines_of(note)
    known = {(each.name, each.key_id): each for each in keys}
    judged: dict[tuple[str, bytes], Cosigned] = {}
    others: list[Cosigned] = []
    for name, key_id, signature in lines:
        mark, at = (name, key_id), _time(signature)
        if mark not in known:
            if name != ledger.name:
                others.append(Cosigned(name, at))
            continue
        _verify(known[mark], text, signature, at)
        earlier = judged.get(mark)
        if earlier is None or (at is not None and earlier.at is not None and at > earlier.at):
            judged[mark] = Cosigned(name, at)
    if len(judged) < need:
        missing = ", ".join(sorted(each.name for mark, each in known.items() if mark not in judged))
        detail = (
            f"{len(judged)} of the witnesses that are asked for have co-signed it, {need} are needed; not: {missing}"
        )
        raise Damaged(WITNESS_MISSING, "checkpoint", detail, given=True)
    return Witnessed(tuple(judged.values()), tuple(others))


def _time(signature: bytes) -> datetime | None:
    if len(signature) != _LINE_SIZE:
        return None
    seconds = int.from_bytes(signature[:8])
    return _EPOCH + timedelta(seconds=seconds) if seconds <= _LATEST else None


def _verify(key: VerifierKey, text: str, signature: bytes, at: datetime | None) -> None:
    try:
        if at is None:
            raise InvalidSignature
        signed = f"cosignature/v1\ntime {int.from_bytes(signature[:8])}\n{text}".encode()
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature[8:], signed)
    except InvalidSignature:
        detail = f"the line of the witness {key.name} does not verify: the text or the line was changed"
        raise Damaged(COSIGNATURE, "checkpoint", detail) from None
