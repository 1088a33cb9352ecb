"""The master keys that a process holds: one wraps, all open, and what is wrapped says by which.

    wrapped    MARK, the id of the master key (4 bytes), then what that key sealed (`gateway.trust.secrets`)

What was wrapped before there could be several keys has no mark: each of them is tried. Which one wraps is written in
the store and not here (`gateway.store.vault`), so that all processes of an office wrap with the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.domain.errors import Misconfigured, Tampered
from gateway.trust.secrets import ID_SIZE, MasterKey

MARK = b"\x02"
HEAD_SIZE = len(MARK) + ID_SIZE


class KeyRing:
    """Master keys, the newest first. Raises Misconfigured `master-key-invalid` for none, or one that is there twice."""

    def __init__(self, keys: Sequence[MasterKey]) -> None:
        self._by_id = {key.id: key for key in keys}
        if not keys or len(self._by_id) != len(keys):
            raise Misconfigured(
                "the master keys are to be one or more, the newest first, and none of them twice",
                code="master-key-invalid",
            )

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys, the newest first."""
        return tuple(self._by_id)

    @property
    def newest(self) -> str:
        """The id of the first key."""
        return self.ids[0]

    def key(self, key_id: str) -> MasterKey:
        """The key of that id. Raises Misconfigured `master-key-missing`."""
        if key_id not in self._by_id:
            raise missing((key_id,))
        return self._by_id[key_id]

    def seal(self, plain: bytes, context: str, nonce: bytes, by: str) -> bytes:
        """Wrap `plain` with the key of the id `by`, for `context`. Raises Misconfigured `master-key-missing`."""
        return head_of(by) + self.key(by).seal(plain, context, nonce)

    def open(self, wrapped: bytes, context: str) -> bytes:
        """What `seal` wrapped, with whichever key it was. Raises Tampered `sealed-damaged`."""
        by = wrapped_by(wrapped)
        if by is None:
            return self.key(self.opener(wrapped, context) or self.newest).open(wrapped, context)
        if by not in self._by_id:
            raise Tampered(
                f"the sealed value of {context} was wrapped with the master key {by}, which this process does not have:"
                " `simojo keys status` says which keys are needed. If it knows of no such key, the value was changed",
                code="sealed-damaged",
            )
        return self._by_id[by].open(wrapped[HEAD_SIZE:], context)

    def opener(self, wrapped: bytes, context: str) -> str | None:
        """The id of the key that opens this; None when none does."""
        named = wrapped_by(wrapped)
        for key_id, key in self._by_id.items():
            try:
                if named is None:
                    key.open(wrapped, context)
                elif named == key_id:
                    key.open(wrapped[HEAD_SIZE:], context)
                else:
                    continue
            except Tampered:
                continue
            return key_id
        return None


def head_of(key_id: str) -> bytes:
    """How what the key of that id has wrapped begins."""
    return MARK + bytes.fromhex(key_id)


def wrapped_by(wrapped: bytes) -> str | None:
    """The id of the master key that wrapped this; None where it does not say."""
    return wrapped[len(MARK) : HEAD_SIZE].hex() if wrapped.startswith(MARK) else None


def missing(ids: Sequence[str]) -> Misconfigured:
    """The refusal to go on without keys that the store needs."""
    return Misconfigured(
        f"the store has rows that were wrapped with the master key {', '.join(ids)}, which is not among those of"
        " SIMOJO_MASTER_KEY_FILE (or SIMOJO_MASTER_KEY): put it back as a line below the newest one. It can be left"
        " out when `simojo keys rotate` has said that nothing needs it any more (docs/keys.md)",
        code="master-key-missing",
    )
