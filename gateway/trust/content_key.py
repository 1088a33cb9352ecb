"""Which of our keys decrypts, and the one way in which decryption fails.

A sender that is not yet proven may ask with any bytes. So whatever is wrong with a content key or with what it
encrypts (another recipient, padding, length, tag) gives the one error `decryption-failed`, and takes the same steps: a
content key that does not come out is replaced by a random one, which then fails at the tag. Without that, RSA-OAEP can
be opened by asking (Manger 2001); with it nobody is told where it failed. What the public parts of a message show by
themselves (names, lengths, a point off its curve) may be said, and is.

Content keys, IVs and ephemeral keys come from the operating system's generator, as those of signatures do: no caller
can make one come twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.domain.errors import Misconfigured, Unauthenticated
from gateway.trust.keys import SigningKey
from gateway.trust.policy import KeyKind

IV_BYTES: Final = 12
TAG_BYTES: Final = 16

Names: TypeAlias = Callable[[x509.Certificate], bool]
"""Whether what a message says of its recipient's certificate means this one."""


@dataclass(frozen=True)
class Candidates:
    """Our keys that a message may be encrypted to. `named`: the message names one of them, or names none at all."""

    keys: tuple[SigningKey, ...]
    named: bool


def candidates(keys: Sequence[SigningKey], kinds: frozenset[KeyKind], names: Names | None, what: str) -> Candidates:
    """Choose among our keys (the current one first) those of `kinds` that the message names; else all of `kinds`.

    What a message names is a hint: a certificate renewed over the same key has another thumbprint. Raises
    Misconfigured `key-not-for-encryption` when we have no key of these kinds; `what` says what needs one.
    """
    fitting = tuple(key for key in keys if key.kind in kinds)
    if not fitting:
        raise Misconfigured(
            f"{what} needs a hub key of kind {' or '.join(sorted(kinds))}, and the hub's is "
            f"{', '.join(sorted({key.kind for key in keys}))}: set SIMOJO_SIGNING_KEY_FILE to such a key",
            code="key-not-for-encryption",
        )
    if names is None:
        return Candidates(fitting, named=True)
    meant = tuple(key for key in fitting if names(key.certificate))
    return Candidates(meant or fitting, named=bool(meant))


def open_content(
    given: Sequence[bytes | None], length: int, *, iv: bytes, data: bytes, associated: bytes | None, named: bool
) -> bytes:
    """Decrypt by AES-GCM with whichever of the `given` content keys fits; None stands for one that did not come out.

    All are tried, also after one has fitted. `data` ends with the tag; `length` is that of the content key in bytes.
    Raises Unauthenticated `decryption-failed`.
    """
    opened: bytes | None = None
    for key in given:
        usable = key if key is not None and len(key) == length else secrets.token_bytes(length)
        try:
            opened = AESGCM(usable).decrypt(iv, data, associated)
        except InvalidTag:
            continue
    if opened is None:
        meant = "" if named else "; it names a certificate that is none of ours: fetch the hub's current one"
        raise Unauthenticated(
            "the content cannot be decrypted: encrypt to the hub's certificate, and send it unchanged" + meant,
            code="decryption-failed",
        )
    return opened
