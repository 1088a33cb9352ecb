"""Secrets in the store, sealed under the master key: data keys, agencies' credentials, and what is held for minutes.

A data key makes the commitments and keyed digests of one scope, and dies with it:

    case/<case id>      whatever is about a case
    day/<YYYY-MM-DD>    an exchange about no case; the day, in UTC, of the exchange's `at`

Which of the two holds for an exchange: the case that its leaf names (`LeafRow.case_id`), else its day.

A key is made when it is first asked for, and lives once its plan is committed. Until then the vault gives the same
key and the same Claim to everybody who asks: two parts of one plan may both ask, and of two plans that carry the
Claim one commits, and the other conflicts and finds the key when it is prepared anew.

The key of the day is kept in memory, under the generation of the registry at which it was read (`key_under`):
replacing or deleting a stored key moves the generation, so a plan that stands on it never uses a key that is gone.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import NamedTuple

from gateway.domain.errors import Misconfigured, Refused, Tampered
from gateway.store.plan import Change, Claim, Delete, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import CredentialRow, DataKeyRow, HeldSecretRow
from gateway.trust.secrets import KEY_SIZE, NONCE_SIZE, MasterKey

MAX_FRESH = 1024
"""Keys made and not yet seen in the store; the oldest is forgotten first. Most of them belong to refused plans."""


class DataKey(NamedTuple):
    """The key of a scope (32 secret bytes), and the plan that creates it: empty once it is stored."""

    key: bytes
    plan: Plan


class Vault:
    """Opens and seals. `random` gives that many unpredictable bytes. Safe to share between threads."""

    def __init__(self, reader: Reader, master: MasterKey, random: Callable[[int], bytes]) -> None:
        self._reader = reader
        self._master = master
        self._random = random
        self._fresh: OrderedDict[str, DataKey] = OrderedDict()
        self._today: tuple[str, int | None, DataKey] | None = None
        self._lock = threading.Lock()

    def make_sure_of_the_key(self) -> None:
        """Raise Misconfigured `master-key-wrong` when nothing of what is stored opens under this master key.

        One that does not open is damage; when none does, the key is another one, and what it sealed would be lost.
        """
        sealed = [(f"data-key/{scope}", wrapped) for scope, wrapped in self._reader.some_data_keys()]
        if (row := self._reader.some_credential()) is not None:
            sealed.append((_credential_context(row.agency, row.name), row.sealed))
        if sealed and not any(self._opens(context, each) for context, each in sealed):
            raise Misconfigured(
                "the master key is not the one that this store was sealed with: SIMOJO_MASTER_KEY_FILE (or"
                " SIMOJO_MASTER_KEY) has to be the key that it was made with",
                code="master-key-wrong",
            )

    def case_key(self, case_id: str) -> DataKey:
        """The data key of a case. Raises Tampered `sealed-damaged` when the stored one does not open."""
        return self._data_key(f"case/{case_id}")

    def day_key(self, day: date) -> DataKey:
        """The data key of a day (UTC), for exchanges about no case."""
        return self._data_key(f"day/{day.isoformat()}")

    def exchange_key(self, case_id: str | None, at: datetime) -> DataKey:
        """The data key of an exchange: that of the case it is about, else of the day on which it began."""
        return self._data_key(scope_of(case_id, at))

    def key_under(self, generation: int | None, case_id: str | None, at: datetime) -> DataKey:
        """The same for a plan that stands on this generation of the registry: a day's key is opened once."""
        scope = scope_of(case_id, at)
        held = self._today
        if held is not None and held[:2] == (scope, generation):
            return held[2]
        key = self._data_key(scope)
        if not case_id and not key.plan.changes:
            self._today = (scope, generation, key)
        return key

    def seen_key(self, case_id: str, sealed: bytes, *, stands: bool) -> DataKey:
        """The data key of a case, of which the caller has read the stored form; it is read anew unless that `stands`.

        Raises as `case_key` does.
        """
        scope = f"case/{case_id}"
        with self._lock:
            self._fresh.pop(scope, None)  # as in `_stored`: it was seen in the store
        return DataKey(self._master.open(sealed, f"data-key/{scope}"), Plan()) if stands else self._data_key(scope)

    def stored_key(self, scope: str) -> bytes | None:
        """The data key of a scope when it is stored, None when not; makes no new one."""
        with self._lock:
            return self._stored(scope)

    def credential(self, agency: str, name: str) -> str:
        """A secret of an agency's dialect. Raises Misconfigured when staff have not set it."""
        sealed = self._reader.credential(agency, name)
        if sealed is None:
            raise Misconfigured(
                f"agency {agency} has no credential {name!r}: set it before exchanging with it",
                code="credential-missing",
            )
        return self._master.open(sealed, _credential_context(agency, name)).decode()

    def seal_credential(self, agency: str, name: str, secret: str) -> Change:
        """The change that stores this secret, sealed, in place of an earlier one if there is one."""
        sealed = self._seal(secret.encode(), _credential_context(agency, name))
        key = {"agency": agency, "name": name}
        earlier = self._reader.credential(agency, name)
        if earlier is None:
            return Claim(CredentialRow, ("agency", "name"), {**key, "sealed": sealed})
        return Update(CredentialRow, key, {"sealed": earlier}, {"sealed": sealed})

    def hold(self, challenge: str, secret: str, expires_at: datetime) -> Change:
        """The change that holds what a person gave for one act alone, sealed, until then at the longest."""
        sealed = self._seal(secret.encode(), _held_context(challenge))
        return Claim(
            HeldSecretRow, ("challenge",), {"challenge": challenge, "sealed": sealed, "expires_at": expires_at}
        )

    def held(self, challenge: str, at: datetime) -> str:
        """What is held for a challenge. Raises Refused `held-secret-gone` when it is used up or its time is over."""
        row = self._reader.held_secret(challenge)
        if row is None or at >= row.expires_at:
            raise Refused(
                "Passphrase atau TOTP untuk tanda tangan ini tidak lagi disimpan: tidak sempat terkirim. Tanda "
                "tangani lagi dengan PIN baru",
                code="held-secret-gone",
                clause="Pasal 13",
            )
        return self._master.open(row.sealed, _held_context(challenge)).decode()

    def let_go(self, challenge: str) -> Change:
        """The change after which nothing is held for a challenge; there may be nothing by now."""
        return Delete(HeldSecretRow, {"challenge": challenge})

    def _opens(self, context: str, sealed: bytes) -> bool:
        try:
            self._master.open(sealed, context)
        except Tampered:
            return False
        return True

    def _data_key(self, scope: str) -> DataKey:
        with self._lock:
            stored = self._stored(scope)
            if stored is not None:
                return DataKey(stored, Plan())
            if scope not in self._fresh:
                self._fresh[scope] = self._make(scope)
                if len(self._fresh) > MAX_FRESH:
                    self._fresh.popitem(last=False)
            return self._fresh[scope]

    def _stored(self, scope: str) -> bytes | None:
        wrapped = self._reader.data_key(scope)
        if wrapped is None:
            return None
        # Seen in the store, it is remembered nowhere else: deleting the row is the end of it.
        self._fresh.pop(scope, None)
        return self._master.open(wrapped, f"data-key/{scope}")

    def _make(self, scope: str) -> DataKey:
        key = self._random(KEY_SIZE)
        wrapped = self._seal(key, f"data-key/{scope}")
        return DataKey(key, Plan.of(Claim(DataKeyRow, ("scope",), {"scope": scope, "wrapped": wrapped})))

    def _seal(self, plain: bytes, context: str) -> bytes:
        return self._master.seal(plain, context, self._random(NONCE_SIZE))


def scope_of(case_id: str | None, at: datetime) -> str:
    """The scope of what is about this case, or about none and happened then."""
    return f"case/{case_id}" if case_id else f"day/{at.astimezone(UTC).date().isoformat()}"


def _credential_context(agency: str, name: str) -> str:
    return f"credential/{agency}/{name}"


def _held_context(challenge: str) -> str:
    return f"held/{challenge}"
