"""A small ledger with a receipt of one exchange, for all who verify receipts; and receipts damaged in every way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from conformance.notes import WitnessKey, read_checkpoint
from gateway.ledger.checkpoint import Checkpoint, NoteKey, cosign, sign
from gateway.ledger.leaf import Leaf, LeafKind, commitment, part_salt
from gateway.ledger.receipt import build_receipt
from gateway.ledger.tree import TileId, extend, leaf_hash

NOW = datetime(2026, 1, 5, 3, 4, 5, tzinfo=UTC)
KEY = NoteKey.from_seed("simojo.example/ledger", bytes(range(32)))
WITNESS = NoteKey.from_seed("drc.example/witness", bytes(32))
TRUSTED = KEY.verifier.encode()
COSIGNER = WitnessKey("saksi.dpupr.example", bytes(range(9, 41)))
"""A witness as C2SP tlog-cosignature has it; `WITNESS` signs as ledgers do, and is of no kind that a witness is."""
CASE_KEY = bytes(range(50, 82))
PARTS = {"request": b'{"nomor":"001/KRK"}', "answer": bytes(range(256)) * 300}

Document = dict[str, Any]


def certificate(secret: int) -> str:
    """The certificate of a hub with this key, PEM."""
    key = ec.derive_private_key(secret, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub.simojo.example")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=365))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


PEM = certificate(7)


def leaf(number: int, exchange: str, kind: LeafKind = LeafKind.CASE_STEP, *parts: str) -> Leaf:
    """A leaf that commits to these parts."""
    opaque = {
        part: commitment(part_salt(CASE_KEY, exchange, part), sha256(PARTS[part]).digest()).hex() for part in parts
    }
    extra: dict[str, str | int] = {"said": 'Jl. "Éé" \u2028\x7f', "attempt": number} if parts else {}
    return Leaf(
        id=f"lf-{number}",
        kind=kind,
        at=NOW,
        exchange=exchange,
        agreement="dpupr-2026/1.0",
        commitments=opaque,
        extra=extra,
    )


def cosigned(note: str, time: int = 1_767_582_250, key: WitnessKey = COSIGNER) -> str:
    """The note with a witness's line under it."""
    return note + key.cosign(read_checkpoint(note), time)


def note_of(size: int = 300, at: int = 40, key: NoteKey = KEY) -> str:
    """The checkpoint of that ledger, as it is signed."""
    note: str = json.loads(receipt(size, at, key=key))["checkpoint"]
    return note


def receipt(
    size: int = 300,
    at: int = 40,
    *,
    salts: bool = True,
    witnessed: bool = False,
    timestamp: bytes = b"",
    key: NoteKey = KEY,
) -> bytes:
    """The receipt of `ex-1`, whose two leaves lie at `at` and after it in a ledger of `size` leaves (2 or more).

    `witnessed`: a line of a stranger's key and a witness's own lie under the ledger's.
    """
    leaves = [leaf(number, f"step-{number}") for number in range(size)]
    leaves[at] = leaf(at, "ex-1", LeafKind.ACCEPTED, "request")
    leaves[at + 1] = leaf(at + 1, "ex-1", LeafKind.ANSWERED, "answer")
    tree = extend(0, dict[TileId, bytes]().__getitem__, [leaf_hash(each.canonical()) for each in leaves])
    note = sign(Checkpoint(key.name, tree.size, tree.root), key)
    return build_receipt(
        leaves={index: leaves[index].canonical() for index in (at, at + 1)},
        read=tree.tiles.__getitem__,
        checkpoint=cosigned(cosign(note, WITNESS)) if witnessed else note,
        verifier=key.verifier,
        certificate=PEM,
        salts={part: part_salt(CASE_KEY, "ex-1", part) for part in PARTS} if salts else {},
        timestamp=timestamp,
    )


@dataclass(frozen=True)
class Sample:
    """A receipt as somebody brings it: its bytes, the key that is trusted, the files of parts."""

    name: str
    data: bytes
    key: str | None
    parts: dict[str, bytes]


def corpus() -> Iterator[Sample]:
    """Good receipts, and receipts with every kind of damage."""
    good = receipt()
    yield Sample("good", good, TRUSTED, PARTS)
    yield Sample("good, no key", good, None, {})
    yield Sample("good, witnessed", receipt(witnessed=True), TRUSTED, {"request": PARTS["request"]})
    yield Sample("good, stamped with something", receipt(timestamp=bytes(range(40))), TRUSTED, {})
    yield Sample("good, erased", receipt(salts=False), TRUSTED, {})
    yield Sample("good, smallest", receipt(2, 0), TRUSTED, PARTS)
    yield Sample("good, at the edge", receipt(259, 257), TRUSTED, PARTS)
    yield Sample("good, spelled otherwise", json.dumps(json.loads(good), indent=1).encode(), TRUSTED, PARTS)
    yield Sample("other key", good, WITNESS.verifier.encode(), {})
    yield Sample("other bytes", good, TRUSTED, {"request": PARTS["request"] + b" "})
    yield Sample("no such part", good, TRUSTED, {"report": b""})
    yield Sample("nothing", b"", None, {})
    yield Sample("no UTF-8", b"\xff" + good, None, {})
    yield Sample("byte order mark", b"\xef\xbb\xbf" + good, None, {})
    yield Sample("a page", b"<!doctype html>", None, {})
    yield Sample("too deep", b"[" * 100_000, None, {})
    yield Sample("a member twice", good[:-1] + b',"version":1}', TRUSTED, {})
    yield Sample("cut off", good[:-40], TRUSTED, {})
    for name, change in CHANGES.items():
        document = json.loads(good)
        change(document)
        yield Sample(name, json.dumps(document).encode(), None, {})


def _note(old: str, new: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        assert old in document["checkpoint"]
        document["checkpoint"] = document["checkpoint"].replace(old, new, 1)

    return change


def _leaf(old: str, new: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        assert old in document["leaves"][0]["leaf"]
        document["leaves"][0]["leaf"] = document["leaves"][0]["leaf"].replace(old, new, 1)

    return change


def _signed_elsewhere(document: Document) -> None:
    document["checkpoint"] = cosign(document["checkpoint"], WITNESS)
    document["verifier"] = WITNESS.verifier.encode()


def _other_signature(document: Document) -> None:
    document["checkpoint"] += document["checkpoint"].rpartition("\n\n")[2].replace("A", "B")


CHANGES: dict[str, Callable[[Document], object]] = {
    "format": lambda it: it.update(format="simojo-receipts"),
    "version 2": lambda it: it.update(version=2),
    "version 1.0": lambda it: it.update(version=1.0),
    "version true": lambda it: it.update(version=True),
    "a member more": lambda it: it.update(more=1),
    "an empty timestamp": lambda it: it.update(timestamp=""),
    "no timestamp": lambda it: it.update(timestamp=None),
    "a timestamp in another spelling": lambda it: it.update(timestamp="AAB="),
    "a member less": lambda it: it.pop("salts"),
    "no leaves": lambda it: it.update(leaves=[]),
    "leaves of another type": lambda it: it.update(leaves={}),
    "a leaf twice": lambda it: it["leaves"].append(it["leaves"][0]),
    "an index below": lambda it: it["leaves"][0].update(index=-1),
    "an index beside": lambda it: it["leaves"][0].update(index=41),
    "an index beyond": lambda it: it["leaves"][0].update(index=300),
    "an index of 2**53": lambda it: it["leaves"][0].update(index=2**53),
    "an index as 4e1": lambda it: it["leaves"][0].update(index=4e1),
    "a step less": lambda it: it["leaves"][0]["proof"].pop(),
    "a step more": lambda it: it["leaves"][0]["proof"].append(it["leaves"][0]["proof"][0]),
    "steps exchanged": lambda it: it["leaves"][0]["proof"].reverse(),
    "a step that is short": lambda it: it["leaves"][0]["proof"].append("AAAA"),
    "spare bits": lambda it: it["leaves"][0]["proof"].append("A" * 42 + "B="),
    "a lone surrogate": lambda it: it["leaves"][0].update(leaf="\ud800"),
    "another agreement": _leaf("dpupr-2026/1.0", "dpupr-2026/1.1"),
    "another time": _leaf("03:04:05", "03:04:06"),
    "no such time": _leaf("03:04:05", "24:04:05"),
    "no such day": _leaf("2026-01-05", "2026-02-29"),
    "a leaf with a space": _leaf('"agreement":', '"agreement": '),
    "a leaf of version 2": _leaf('"v":1', '"v":2'),
    "a leaf with a member more": _leaf('"v":1', '"v":1,"w":1'),
    "a number in another spelling": _leaf('"attempt":40', '"attempt":4e1'),
    "an escape too many": _leaf("Jl.", "\\u004al."),
    "a commitment changed": lambda it: it["leaves"][1].update(
        leaf=it["leaves"][1]["leaf"].replace('"answer":"', '"answer":"0')
    ),
    "another size": _note("\n300\n", "\n301\n"),
    "another origin": _note("simojo.example/ledger\n", "simojo.example/other\n"),
    "a line more": _note("\n300\n", "\n300\nmore\n"),
    "no final newline": lambda it: it.update(checkpoint=it["checkpoint"][:-1]),
    "no signature": lambda it: it.update(checkpoint=it["checkpoint"].rpartition("— ")[0]),
    "a control character": _note("\n300\n", "\n300\t\n"),
    "another dash": _note("— ", "- "),
    "a second bad signature": _other_signature,
    "a witness for a ledger": _signed_elsewhere,
    "no key": lambda it: it.update(verifier=""),
    "a key id in capitals": lambda it: it.update(verifier=it["verifier"].replace("+", "+A", 1)),
    "the key of another": lambda it: it.update(verifier=WITNESS.verifier.encode()),
    "a salt too short": lambda it: it["salts"].update(request="00"),
    "a salt in capitals": lambda it: it["salts"].update(request="AB" * 32),
    "a salt of no part": lambda it: it["salts"].update(report="00" * 32),
    "no certificate": lambda it: it.update(certificate=""),
    "a certificate that is none": lambda it: it.update(
        certificate="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    ),
}
"""What is done to the good receipt, by name."""
