"""Data keys in the store, wrapped by the master key; beside them, what agencies and people entrust (`Vault.secrets`).

A data key makes the commitments and keyed digests of one scope, seals its bodies, and dies with it:

    dossier/<random>    of one person: wraps the keys of all of that person's cases, and does nothing else
    case/<case id>      whatever is about a case; wrapped by the dossier key of its applicant
    day/<YYYY-MM-DD>    an exchange about no case; the day, in UTC, of the exchange's `at`

The master key wraps dossier keys and keys of days. There may be several (`gateway.trust.key_ring`): which one wraps
stands in the store, and a plan that brings something wrapped is guarded by that, so nothing comes under a master key
that wraps no more. A dossier is found by a keyed digest of its person. A key whose stored form is empty was destroyed
by an erasure: its scope stays taken, so that nothing new begins under it.

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
from functools import lru_cache
from typing import NamedTuple

from gateway.domain.errors import Tampered
from gateway.primitives.mac import hmac_sha256
from gateway.store.derived import Derived
from gateway.store.outgoing import WrappedKey
from gateway.store.plan import Change, Claim, Delete, Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealing import BodySeal, erased
from gateway.store.secrets import Secrets
from gateway.store.tables import DataKeyRow, DossierRow
from gateway.store.wrapping import Wrapping, data_key_context
from gateway.trust.key_ring import KeyRing
from gateway.trust.secrets import KEY_SIZE, NONCE_SIZE, MasterKey

MAX_FRESH = 1024
"""Keys made and not yet seen in the store; the oldest is forgotten first. Most of them belong to refused plans."""

OPENED = 512
"""Wrapped keys that are remembered with what they open to. Who asks has read the wrapped form just now, so a key that
was destroyed is given to nobody; it leaves memory with the next five hundred, or with the process."""

ID_SIZE = 16
"""Random bytes of a dossier's id."""


class _Dossier(NamedTuple):
    """A dossier key; `stands` is what guards it in a plan, or makes it."""

    scope: str
    key: bytes
    stands: tuple[Change, ...]


class _Fresh(NamedTuple):
    """A key that is not stored yet: its row, what that stands on, and of a case's the dossier that wraps it."""

    key: bytes
    row: Claim
    stands: tuple[Change, ...] = ()
    digest: str | None = None
    dossier: _Dossier | None = None

    def made(self) -> DataKey:
        return DataKey(self.key, Plan((*(self.dossier.stands if self.dossier else self.stands), self.row)))


class DataKey(NamedTuple):
    """The key of a scope (32 secret bytes), and the plan that creates it: empty once it is stored."""

    key: bytes
    plan: Plan


class Vault:
    """Opens and seals. `random` gives that many unpredictable bytes. Safe to share between threads."""

    def __init__(self, reader: Reader, master: KeyRing | MasterKey, random: Callable[[int], bytes]) -> None:
        self._reader = reader
        ring = master if isinstance(master, KeyRing) else KeyRing((master,))
        self._wrapping = Wrapping(reader, ring, random)
        self._derived = Derived(reader, ring)
        self._random = random
        self._fresh: OrderedDict[str, _Fresh] = OrderedDict()
        self._new_dossiers: OrderedDict[str, _Dossier] = OrderedDict()
        self._fresh_under: str | None = None
        self._unwrap = lru_cache(maxsize=OPENED)(self._opened)
        self._today: tuple[str, int | None, DataKey] | None = None
        self._lock = threading.Lock()
        self.secrets = Secrets(reader, self._wrapping)
        reader.open_with(self.opening_key)  # the one door: whoever reads a body through it reads it opened

    def case_key(self, case_id: str, person: str | None = None) -> DataKey:
        """The data key of a case; `person` says whose, where the case is being opened: a stable name such as `nik/...`.

        Without one a new case has a dossier of its own. Raises Tampered `sealed-damaged` when the stored one does not
        open, Refused `erased` when it was destroyed.
        """
        return self._data_key(f"case/{case_id}", person)

    def case_seal(self, case_id: str) -> BodySeal:
        """What seals the bodies of a case. Raises as `case_key` does."""
        return BodySeal(f"case/{case_id}", self.case_key(case_id).key, case_id)

    def exchange_seal(self, exchange: str, case_id: str | None, at: datetime, key: bytes) -> BodySeal:
        """What seals the parts of an exchange, of which the caller has the data key."""
        return BodySeal(scope_of(case_id, at), key, exchange)

    def dossier_digest(self, person: str) -> str:
        """The 64 hex digits under which a person's dossier is found."""
        return hmac_sha256(self._derived.derive("dossier"), person.encode()).hex()

    def opening_key(self, scope: str) -> bytes | None:
        """The data key of a scope to open bodies with; None when it was destroyed, is missing, or does not open."""
        try:
            return self.stored_key(scope)
        except Tampered:
            return None

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

    def seen_key(self, case_id: str, sealed: WrappedKey, *, stands: bool) -> DataKey:
        """The data key of a case, of which the caller has read the stored form; it is read anew unless that `stands`.

        Raises as `case_key` does.
        """
        scope = f"case/{case_id}"
        with self._lock:
            self._fresh.pop(scope, None)  # as in `_stored`: it was seen in the store
        if not stands or sealed.is_destroyed:
            return self._data_key(scope)
        return DataKey(self._unwrap(scope, sealed), Plan())

    def into_dossier(self, case_id: str, person: str | None) -> Plan:
        """The changes that wrap a stored case key by the dossier key of that person; none where one wraps it already.

        Raises Tampered `sealed-damaged`.
        """
        scope = f"case/{case_id}"
        with self._lock:
            stored = self._seen(scope)
            if stored is None or stored.under is not None or stored.is_destroyed:
                return Plan()
            key = self._unwrap(scope, stored)
            self._forget_what_another_key_wraps()
            dossier = self._new_dossier(None) if person is None else self._dossier(self.dossier_digest(person))
        wrapped = MasterKey(dossier.key).seal(key, data_key_context(scope), self._random(NONCE_SIZE))
        values = {"wrapped": wrapped, "under": dossier.scope}
        moved = Update(DataKeyRow, {"scope": scope}, {"wrapped": stored.wrapped}, values)
        return Plan((*dossier.stands, moved))

    def stored_key(self, scope: str) -> bytes | None:
        """The data key of a scope when it is stored, None when not or when it was destroyed; makes no new one."""
        with self._lock:
            wrapped = self._seen(scope)
        return None if wrapped is None or wrapped.is_destroyed else self._unwrap(scope, wrapped)

    def closed_dossier(self, scope: str) -> Plan:
        """The changes after which nothing new begins under a dossier: whoever has prepared something has to look again.

        Its key is wrapped anew, which the plan of a case that is being opened does not expect, and nobody is found to
        have it any more. None where it was destroyed. Raises Tampered `sealed-damaged`.
        """
        with self._lock:
            stored = self._seen(scope)
            if stored is None or stored.is_destroyed:
                return Plan()
            wrapped, stands = self._wrapping.wrap(self._unwrap(scope, stored), data_key_context(scope))
        again = Update(DataKeyRow, {"scope": scope}, {"wrapped": stored.wrapped}, {"wrapped": wrapped})
        return Plan((*stands, again, Delete(DossierRow, {"scope": scope})))

    def forget(self) -> None:
        """Remember no stored key any more, for some were destroyed. They are given to nobody; now they are nowhere.

        Keys that no plan has stored yet stay: two parts of one plan have to get the same.
        """
        with self._lock:
            self._unwrap.cache_clear()
            self._today = None
            stored = self._reader.wrapped([*self._fresh, *(each.scope for each in self._new_dossiers.values())])
            for scope in stored.keys() & self._fresh.keys():
                del self._fresh[scope]
            for digest in [digest for digest, each in self._new_dossiers.items() if each.scope in stored]:
                del self._new_dossiers[digest]

    def _data_key(self, scope: str, person: str | None = None) -> DataKey:
        with self._lock:
            stored = self._seen(scope)
            if stored is not None:
                if stored.is_destroyed:
                    raise erased(scope)
                return DataKey(self._unwrap(scope, stored), Plan())
            self._forget_what_another_key_wraps()
            fresh = self._fresh.get(scope)
            if fresh is None or not self._holds(fresh, person):
                fresh = self._fresh[scope] = self._make(scope, person)
                if len(self._fresh) > MAX_FRESH:
                    self._fresh.popitem(last=False)
            return fresh.made()

    def _seen(self, scope: str) -> WrappedKey | None:
        wrapped = self._reader.data_key(scope)
        if wrapped is not None:
            # Seen in the store, it is remembered nowhere else: deleting the row is the end of it.
            self._fresh.pop(scope, None)
        return wrapped

    def _forget_what_another_key_wraps(self) -> None:
        """Keys that are not stored yet and were wrapped before another master key began to wrap never will be."""
        wrapping = self._reader.wrapping_key()
        if wrapping != self._fresh_under:
            self._fresh.clear()
            self._new_dossiers.clear()
            self._fresh_under = wrapping

    def _holds(self, fresh: _Fresh, person: str | None) -> bool:
        """Whether a key that is not stored yet is still the one: another case may have begun the person's dossier."""
        if person is None or fresh.dossier is None:
            return True
        return fresh.digest == self.dossier_digest(person) and self._dossier(fresh.digest) == fresh.dossier

    def _make(self, scope: str, person: str | None) -> _Fresh:
        key = self._random(KEY_SIZE)
        if not scope.startswith("case/"):
            sealed, stands = self._wrapping.wrap(key, data_key_context(scope))
            return _Fresh(key, _key_row(scope, sealed, None), stands)
        digest = None if person is None else self.dossier_digest(person)
        dossier = self._new_dossier(None) if digest is None else self._dossier(digest)
        wrapped = MasterKey(dossier.key).seal(key, data_key_context(scope), self._random(NONCE_SIZE))
        return _Fresh(key, _key_row(scope, wrapped, dossier.scope), (), digest, dossier)

    def _dossier(self, digest: str) -> _Dossier:
        """The dossier of a person: guarded where it is stored, else one that the plan makes; the same one for all."""
        scope = self._reader.dossier(digest)
        stored = None if scope is None else self._seen(scope)
        if scope is not None and stored is not None and not stored.is_destroyed:
            self._new_dossiers.pop(digest, None)
            stands = Update(DataKeyRow, {"scope": scope}, {"wrapped": stored.wrapped}, {})
            return _Dossier(scope, self._unwrap(scope, stored), (stands,))
        held = self._new_dossiers.get(digest)
        if held is not None and self._reader.data_key(held.scope) is not None:
            del self._new_dossiers[digest]  # it was stored, and erased since: the person begins a new one
        if digest not in self._new_dossiers:
            self._new_dossiers[digest] = self._new_dossier(digest)
            if len(self._new_dossiers) > MAX_FRESH:
                self._new_dossiers.popitem(last=False)
        return self._new_dossiers[digest]

    def _new_dossier(self, digest: str | None) -> _Dossier:
        scope, key = f"dossier/{self._random(ID_SIZE).hex()}", self._random(KEY_SIZE)
        sealed, stands = self._wrapping.wrap(key, data_key_context(scope))
        row = _key_row(scope, sealed, None)
        if digest is None:
            return _Dossier(scope, key, (*stands, row))
        named = Claim(DossierRow, ("digest",), {"digest": digest, "scope": scope})
        return _Dossier(scope, key, (*stands, named, row))

    def _opened(self, scope: str, wrapped: WrappedKey) -> bytes:
        """The key of a stored form. Raises Tampered `sealed-damaged`."""
        if wrapped.under is None:
            return self._wrapping.open(wrapped.wrapped, data_key_context(scope))
        outer = self._wrapping.open(wrapped.outer or b"", data_key_context(wrapped.under))
        return MasterKey(outer).open(wrapped.wrapped, data_key_context(scope))


def _key_row(scope: str, wrapped: bytes, under: str | None) -> Claim:
    return Claim(DataKeyRow, ("scope",), {"scope": scope, "wrapped": wrapped, "under": under})


def scope_of(case_id: str | None, at: datetime) -> str:
    """The scope of what is about this case, or about none and happened then."""
    return f"case/{case_id}" if case_id else f"day/{at.astimezone(UTC).date().isoformat()}"
