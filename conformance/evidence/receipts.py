"""Receipts of the ledger, judged from their published form alone (RFC 6962, C2SP signed notes; docs/wire.md).

1. the checkpoint is signed by the ledger's key (Ed25519 over the text of the note)
2. every leaf's Merkle path leads to the checkpoint's root
3. all leaves are of the exchange that the bundle names
4. where exact bytes and salts are there, each part is what some leaf commits to
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from conformance.evidence.faults import EvidenceBroken

_ED25519 = b"\x01"


@dataclass(frozen=True)
class Proven:
    """What a receipt proves: the ledger's key, the size of its tree then, and the leaves."""

    verifier: str
    size: int
    leaves: tuple[Mapping[str, Any], ...]


def verify_receipt(document: bytes, exchange: str, digests: Mapping[str, bytes], where: str) -> Proven:
    """Judge a receipt; `digests` are SHA-256 of the exact bytes at hand, by part. Raises EvidenceBroken."""
    try:
        said = json.loads(document)
        verifier = str(said["verifier"])
        size, root = _checkpoint(str(said["checkpoint"]), verifier)
        leaves = []
        for each in said["leaves"]:
            leaf = str(each["leaf"]).encode()
            path = [b64decode(step, validate=True) for step in each["proof"]]
            if _root(int(each["index"]), size, sha256(b"\x00" + leaf).digest(), path) != root:
                raise _broken(where, "tidak ada dalam buku catatan", "is not in the ledger's tree")
            leaves.append(json.loads(leaf))
        salts = {name: bytes.fromhex(salt) for name, salt in said["salts"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature) as fault:
        raise _broken(where, "rusak", f"cannot be read, or its checkpoint's signature is wrong ({fault})") from None
    if not leaves or any(leaf["exchange"] != exchange for leaf in leaves):
        raise _broken(where, "milik pertukaran lain", "is of another exchange")
    for name, digest in digests.items():
        made = {leaf["commitments"][name] for leaf in leaves if name in leaf["commitments"]}
        opened = hmac.new(salts.get(name, b""), b"simojo-commitment-v1\x00" + digest, "sha256").hexdigest()
        if name not in salts or opened not in made:
            raise _broken(f"{name}, {where}", "bukan bita yang dicatat", "is not what the ledger committed to")
    return Proven(verifier, size, tuple(leaves))


def _broken(where: str, indonesian: str, english: str) -> EvidenceBroken:
    return EvidenceBroken(f"{where}: {indonesian}", f"{where} {english}")


def _checkpoint(note: str, verifier: str) -> tuple[int, bytes]:
    """The size and root of a signed note of which one line is by this key. ValueError, InvalidSignature."""
    name, key_hash, encoded = verifier.split("+", 2)
    key = b64decode(encoded, validate=True)
    wanted = sha256(name.encode() + b"\n" + key).digest()[:4]
    if key[:1] != _ED25519 or wanted.hex() != key_hash:
        raise ValueError("the ledger's key is of another kind, or its id is wrong")
    text, _, lines = note.partition("\n\n")
    text += "\n"
    for line in lines.splitlines():
        dash, signer, encoded = line.split(" ")
        signature = b64decode(encoded, validate=True)
        if (dash, signer, signature[:4]) == ("—", name, wanted):
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature[4:], text.encode())
            origin, size, root = text.splitlines()[:3]
            if origin != name:
                raise ValueError("the checkpoint is of another ledger")
            return int(size), b64decode(root, validate=True)
    raise ValueError("no line of the checkpoint is by the ledger's key")


def _root(index: int, size: int, leaf: bytes, path: list[bytes]) -> bytes:
    """The root to which an audit path leads (RFC 9162, 2.1.3.2). ValueError for a path of the wrong length."""
    if not 0 <= index < size:
        raise ValueError("a leaf lies beyond the checkpoint")
    at, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise ValueError("an audit path is too long")
        if at & 1 or at == last:
            found = sha256(b"\x01" + step + found).digest()
            while not at & 1 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            found = sha256(b"\x01" + found + step).digest()
        at, last = at >> 1, last >> 1
    if last != 0:
        raise ValueError("an audit path is too short")
    return found
