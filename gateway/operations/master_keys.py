"""Which master keys a store needs: found out when it is first opened, made sure of at each start.

A store that was never opened by this version says nothing of its master key. Its key is the one that opens what is
wrapped; then these rows are made, in one commit:

    master_key     that key, which wraps
    derived_key    a secret of the store's own; and in a store that an older version has written, what that version
                   derived from its master key for each purpose, so that no digest and no pseudonym changes
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gateway.domain.errors import HubBusy, Misconfigured
from gateway.store.derived import BASE, PURPOSES, context_of
from gateway.store.plan import Change, Claim, Outcome, Plan
from gateway.store.reading import Reader
from gateway.store.tables import DerivedKeyRow, MasterKeyRow
from gateway.store.tables.keys import GONE, WRAPS
from gateway.store.wrapping import credential_context, data_key_context
from gateway.trust.key_ring import KeyRing, missing
from gateway.trust.secrets import KEY_SIZE, NONCE_SIZE

_TRIES = 3


def settle(
    reader: Reader,
    ring: KeyRing,
    commit: Callable[[Plan], Outcome],
    random: Callable[[int], bytes],
    at: datetime,
) -> None:
    """Make the rows where there are none, then make sure of the keys. Raises as `make_sure` does."""
    for _ in range(_TRIES):  # of two processes that open a store for the first time one makes the rows
        if reader.master_keys():
            make_sure(reader, ring)
            return
        commit(_first_rows(reader, ring, random, at))
    raise HubBusy("the store does not keep which master key it has: see to the database, then start again", after_s=5)


def make_sure(reader: Reader, ring: KeyRing) -> None:
    """Raise Misconfigured where the store needs master keys that are not here.

    `master-key-wrong`: none of those that it needs is; `master-key-missing`: some are.
    """
    needed = [row.id for row in reader.master_keys() if row.state != GONE]
    lacking = [each for each in needed if each not in ring.ids]
    if lacking and len(lacking) == len(needed):
        raise _wrong()
    if lacking:
        raise missing(lacking)


def _first_rows(reader: Reader, ring: KeyRing, random: Callable[[int], bytes], at: datetime) -> Plan:
    opener = _opener(reader, ring)
    is_new = opener is None and not reader.holds_leaves()
    # where nothing is wrapped and yet there are leaves, an older version wrote their pseudonyms with its only key
    own = opener or (ring.newest if is_new else ring.ids[-1])
    secrets = {BASE: random(KEY_SIZE)}
    if not is_new:
        secrets |= {purpose: ring.key(own).derive(purpose) for purpose in PURPOSES}
    changes: list[Change] = [Claim(MasterKeyRow, ("id",), {"id": own, "state": WRAPS, "since": at})]
    for purpose, secret in secrets.items():
        wrapped = ring.seal(secret, context_of(purpose), random(NONCE_SIZE), own)
        changes.append(Claim(DerivedKeyRow, ("purpose",), {"purpose": purpose, "wrapped": wrapped}))
    return Plan(tuple(changes))


def _opener(reader: Reader, ring: KeyRing) -> str | None:
    """The id of the key that opens what is wrapped; None where nothing is.

    One that does not open is damage; when none does, the key is another one, and what it wrapped would be lost.
    Raises Misconfigured `master-key-wrong`.
    """
    wrapped = [(data_key_context(scope), each) for scope, each in reader.some_data_keys()]
    if (row := reader.some_credential()) is not None:
        wrapped.append((credential_context(row.agency, row.name), row.sealed))
    found = next((by for context, each in wrapped if (by := ring.opener(each, context)) is not None), None)
    if wrapped and found is None:
        raise _wrong()
    return found


def _wrong() -> Misconfigured:
    return Misconfigured(
        "the master key is not the one that this store was sealed with: SIMOJO_MASTER_KEY_FILE (or SIMOJO_MASTER_KEY)"
        " has to hold the key that it was made with, or was changed to by `simojo keys rotate` (docs/keys.md)",
        code="master-key-wrong",
    )
