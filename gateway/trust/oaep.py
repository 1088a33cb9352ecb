"""Taking OAEP padding off a block that an RSA private key has decrypted (RFC 8017, 7.1.2), for tokens that cannot.

Every check is made to its end and all failures are one: who could tell them apart could decrypt by asking (Manger).
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.hashes import HashAlgorithm


def decode_oaep(block: bytes, digest: type[HashAlgorithm], mask: type[HashAlgorithm]) -> bytes:
    """Give the message in an encoded block of the modulus's size, with an empty label.

    `digest` hashes the label, MGF1 is over `mask`. Raises ValueError for whatever is no such block.
    """
    hashed = digest()
    size = hashed.digest_size
    if len(block) < 2 * size + 2:
        raise ValueError("this does not decrypt")
    masked_seed, masked_data = block[1 : 1 + size], block[1 + size :]
    seed = _xor(masked_seed, _mgf1(masked_data, size, mask))
    data = _xor(masked_data, _mgf1(seed, len(masked_data), mask))
    label = hashlib.new(hashed.name, b"").digest()
    rest = data[size:]
    place, found, wrong = 0, 0, block[0]
    for position, byte in enumerate(rest):
        is_one, is_zero = int(byte == 1), int(byte == 0)
        first = is_one & (1 - found)
        place += position * first
        wrong |= (1 - found) & (1 - is_one) & (1 - is_zero)
        found |= is_one
    wrong |= 1 - found
    wrong |= 1 - int(hmac.compare_digest(data[:size], label))
    if wrong:
        raise ValueError("this does not decrypt")
    return rest[place + 1 :]


def _mgf1(seed: bytes, length: int, mask: type[HashAlgorithm]) -> bytes:
    """RFC 8017, B.2.1."""
    hashed = mask()
    blocks = -(-length // hashed.digest_size)
    made = b"".join(hashlib.new(hashed.name, seed + counter.to_bytes(4)).digest() for counter in range(blocks))
    return made[:length]


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(len(one))
