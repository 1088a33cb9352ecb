"""A receipt: one JSON document that proves, with no network and no database, that an exchange is in the ledger.

    {"format": "simojo-receipt", "version": 1,
     "leaves": [{"index": 17, "leaf": "<canonical text>", "proof": ["<base64 hash>", ...]}, ...],
     "checkpoint": "<C2SP note>",
     "verifier": "<name+key id+base64>",          the key that signed the checkpoint
     "certificate": "<PEM>",                      the hub's certificate, for the signature of the sealed answer
     "salts": {"request": "<64 hex digits>"},     opens the commitments of the holder's own parts, and no others
     "timestamp": "<base64>"}                     only where there is one: a token of RFC 3161, DER

All leaves are of one exchange. Each proof is the audit path of RFC 6962 section 2.1.1 in the tree of the checkpoint.
`docs/receipts.md` tells agencies the same.
Who holds the exact bytes of a part checks them with its salt (see `leaf` for the formulas). The certificate is carried
and not vouched for: it is judged by whoever verifies the answer's own signature. So are the lines of witnesses, which
stand under the ledger's own in the checkpoint, and the timestamp, which is over the checkpoint without these lines:
they are judged by whoever has a witness's key or the authority's certificate. No other member is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from gateway.domain.errors import LedgerBroken
from gateway.ledger.carried_certificate import certificate_sha256
from gateway.ledger.checkpoint import Checkpoint, NoteVerifier, open_note, split_note
from gateway.ledger.damage import Damage, broken
from gateway.ledger.encoding import (
    canonical_json,
    decode_base64,
    encode_base64,
    members,
    number_of,
    parse_json,
    text_of,
)
from gateway.ledger.leaf import Leaf, commitment
from gateway.ledger.merkle import HASH_SIZE, leaf_hash, verify_inclusion
from gateway.ledger.tree import TileReader, inclusion_proof

FORMAT = "simojo-receipt"
VERSION = 1

_MEMBERS = frozenset({"format", "version", "leaves", "checkpoint", "verifier", "certificate", "salts"})
_TIMESTAMP = frozenset({"timestamp"})
_LEAF_MEMBERS = frozenset({"index", "leaf", "proof"})
_SALT = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class ProvenLeaf:
    """A leaf as a receipt carries it: its exact bytes, its index and its audit path."""

    index: int
    data: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A receipt that could be read; nothing in it is verified. `salts` maps a part to its 32-byte salt.

    `timestamp` is a token of RFC 3161 in DER, empty where there is none.
    """

    leaves: tuple[ProvenLeaf, ...]
    checkpoint: str
    verifier: str
    certificate: str
    salts: Mapping[str, bytes]
    timestamp: bytes = b""

    def encode(self) -> bytes:
        """Write the document, in canonical JSON: the same receipt is the same bytes."""
        return canonical_json(
            {
                "format": FORMAT,
                "version": VERSION,
                "leaves": [
                    {
                        "index": each.index,
                        "leaf": each.data.decode(),
                        "proof": [encode_base64(step) for step in each.proof],
                    }
                    for each in self.leaves
                ],
                "checkpoint": self.checkpoint,
                "verifier": self.verifier,
                "certificate": self.certificate,
                "salts": {part: salt.hex() for part, salt in self.salts.items()},
                **({"timestamp": encode_base64(self.timestamp)} if self.timestamp else {}),
            }
        )

    @classmethod
    def parse(cls, document: bytes) -> Receipt:
        """Read a document. Raises LedgerBroken (receipt-malformed) for any other form, version or member."""
        try:
            said = members(parse_json(document.decode()), _MEMBERS, _TIMESTAMP)
            if said["format"] != FORMAT or number_of(said["version"], "version") != VERSION:
                raise ValueError(f"format {said['format']!r} version {said['version']!r}")
            return cls(
                leaves=tuple(_parse_leaf(each) for each in _array(said["leaves"], "leaves")),
                checkpoint=text_of(said["checkpoint"], "checkpoint"),
                verifier=text_of(said["verifier"], "verifier"),
                certificate=text_of(said["certificate"], "certificate"),
                salts=_parse_salts(said["salts"]),
                timestamp=_parse_timestamp(said["timestamp"]) if "timestamp" in said else b"",
            )
        except ValueError as error:
            raise _malformed(str(error)) from None


@dataclass(frozen=True, kw_only=True)
class ReceiptVerdict:
    """What a receipt proves. Only what is in here was verified.

    `leaves` maps each index to its leaf. `opened` are the parts whose bytes were supplied and match. `trusted` is
    False when the checkpoint was judged by the key inside the receipt alone: then the receipt agrees with itself and
    nothing more. `certificate_sha256` is the hex fingerprint of the certificate that travels along.
    """

    checkpoint: Checkpoint
    exchange: str
    leaves: Mapping[int, Leaf]
    opened: tuple[str, ...]
    trusted: bool
    certificate_sha256: str


def build_receipt(
    *,
    leaves: Mapping[int, bytes],
    read: TileReader,
    checkpoint: str,
    verifier: NoteVerifier,
    certificate: str,
    salts: Mapping[str, bytes],
    timestamp: bytes = b"",
) -> bytes:
    """Make the receipt of an exchange: its leaves by index, proven in the tree of that checkpoint note.

    The caller gives only the salts of the receiving party's own parts. The finished receipt is verified before it is
    handed out, so that damage in the store is found here: raises LedgerBroken as `verify_receipt` does, and Malformed
    when a leaf is not yet in the checkpoint's tree.
    """
    size = open_note(checkpoint, [verifier]).size
    receipt = Receipt(
        leaves=tuple(ProvenLeaf(index, leaves[index], inclusion_proof(index, size, read)) for index in sorted(leaves)),
        checkpoint=checkpoint,
        verifier=verifier.encode(),
        certificate=certificate,
        salts=salts,
        timestamp=timestamp,
    )
    document = receipt.encode()
    verify_receipt(document, receipt.verifier)
    return document


def verify_receipt(
    document: bytes, trusted_verifier: str | None, parts: Mapping[str, bytes] | None = None
) -> ReceiptVerdict:
    """Check a receipt, and the exact bytes of parts where supplied. Raises LedgerBroken naming the first failure.

    1. the form of the document, and of the certificate in it
    2. the checkpoint: signed by the trusted verifier key, which may be another than the receipt names where both
       signed (None: by the key in the receipt), for the key's own ledger
    3. each leaf: canonical, one exchange, and included in the tree of the checkpoint
    4. each salt belongs to a part that a leaf commits to
    5. each supplied part: SHA-256 of the bytes, under its salt, is what a leaf commits to
    """
    # 1
    receipt = Receipt.parse(document)
    try:
        fingerprint = certificate_sha256(receipt.certificate)
    except ValueError as fault:
        raise _malformed(str(fault)) from None
    # 2
    checkpoint = _open_checkpoint(receipt, trusted_verifier)
    # 3
    leaves: dict[int, Leaf] = {}
    for each in receipt.leaves:
        leaves[each.index] = Leaf.parse(each.data, f"leaf {each.index}")
        verify_inclusion(leaf_hash(each.data), each.index, checkpoint.size, each.proof, checkpoint.root)
    exchange = _one_exchange(receipt, list(leaves.values()))
    # 4
    committed = {part for leaf in leaves.values() for part in leaf.commitments}
    for part in receipt.salts:
        if part not in committed:
            raise _part_missing(exchange, part, "a leaf that commits to the part of this salt", committed)
    # 5
    supplied = parts or {}
    for part, data in supplied.items():
        _check_part(receipt, tuple(leaves.values()), exchange, part, data)
    return ReceiptVerdict(
        checkpoint=checkpoint,
        exchange=exchange,
        leaves=leaves,
        opened=tuple(supplied),
        trusted=trusted_verifier is not None,
        certificate_sha256=fingerprint,
    )


def _open_checkpoint(receipt: Receipt, trusted: str | None) -> Checkpoint:
    text = receipt.verifier
    if trusted is not None and receipt.verifier != trusted:
        # while a ledger rolls its key over, its checkpoints have a line of the old key and of the new
        if not _has_line(receipt.checkpoint, NoteVerifier.parse(trusted)):
            raise broken(Damage.VERIFIER_KEY, "receipt", expected=f"key {trusted!r}", found=f"key {receipt.verifier!r}")
        text = trusted
    verifier = NoteVerifier.parse(text)
    checkpoint = open_note(receipt.checkpoint, [verifier])
    if checkpoint.origin != verifier.name:
        expected, found = f"ledger {verifier.name!r}", f"ledger {checkpoint.origin!r}"
        raise broken(Damage.ORIGIN, "checkpoint of the receipt", expected=expected, found=found)
    return checkpoint


def _has_line(note: str, verifier: NoteVerifier) -> bool:
    try:
        _, lines = split_note(note)
    except LedgerBroken:
        return False
    return any((name, line[: len(verifier.key_id)]) == (verifier.name, verifier.key_id) for name, line in lines)


def _one_exchange(receipt: Receipt, leaves: Sequence[Leaf]) -> str:
    exchanges = {leaf.exchange for leaf in leaves}
    if len(exchanges) != 1 or len(leaves) != len(receipt.leaves):
        raise _malformed(f"{len(receipt.leaves)} leaves of {len(exchanges)} exchanges, {len(leaves)} of them different")
    return exchanges.pop()


def _check_part(receipt: Receipt, leaves: Sequence[Leaf], exchange: str, part: str, data: bytes) -> None:
    salt = receipt.salts.get(part)
    if salt is None:
        raise _part_missing(exchange, part, "a salt that opens this part", receipt.salts)
    computed = commitment(salt, sha256(data).digest()).hex()
    claimed = [leaf.commitments[part] for leaf in leaves if part in leaf.commitments]
    if computed not in claimed:
        where, expected = f"part {part!r} of exchange {exchange!r}", f"commitment {' or '.join(claimed)}"
        raise broken(Damage.PART_DIFFERS, where, expected=expected, found=f"commitment {computed} of the bytes given")


def _parse_leaf(value: object) -> ProvenLeaf:
    said = members(value, _LEAF_MEMBERS)
    proof = tuple(decode_base64(text_of(step, "proof"), HASH_SIZE) for step in _array(said["proof"], "proof"))
    return ProvenLeaf(number_of(said["index"], "index"), text_of(said["leaf"], "leaf").encode(), proof)


def _parse_salts(value: object) -> Mapping[str, bytes]:
    if not isinstance(value, dict):
        raise ValueError("salts must be an object")  # noqa: TRY004 - bad data, not a bad call
    for part, salt in value.items():
        if not _SALT.fullmatch(text_of(salt, part)):
            raise ValueError(f"the salt of {part} must be 64 lower-case hex digits")
    return {part: bytes.fromhex(salt) for part, salt in value.items()}


def _parse_timestamp(value: object) -> bytes:
    token = decode_base64(text_of(value, "timestamp"))
    if not token:
        raise ValueError("timestamp is empty: leave it out where there is none")
    return token


def _array(value: object, name: str) -> list[object]:
    if not isinstance(value, list):
        raise ValueError(f"{name} must be an array")  # noqa: TRY004 - bad data, not a bad call
    return value


def _part_missing(exchange: str, part: str, expected: str, known: Mapping[str, bytes] | set[str]) -> LedgerBroken:
    where = f"part {part!r} of exchange {exchange!r}"
    return broken(Damage.PART_MISSING, where, expected=expected, found=f"only {', '.join(sorted(known)) or 'none'}")


def _malformed(found: str) -> LedgerBroken:
    return broken(Damage.RECEIPT_MALFORMED, "receipt", expected=f"a {FORMAT} of version {VERSION}", found=found)
