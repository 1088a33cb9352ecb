"""Secrets in the store, sealed under the master key: data keys, agencies' credentials, and what is held for minutes.

A data key makes the commitments and keyed digests of one scope, seals its bodies, and dies with it:

    dossier/<random>    of one person: wraps the keys of all of that person's cases, and does nothing else
    case/<case id>      whatever is about a case; wrapped by the dossier key of its applicant
    day/<YYYY-MM-DD>    an exchange about no case; the day, in UTC, of the exchange's `at`

The master key wraps dossier keys and keys of days. A dossier is found by a keyed digest of its person. A key whose
stored form is empty was destroyed by an erasure: its scope stays taken, so that nothing new begins under it.

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

from gateway.domain.errors import Misconfigured, Refused, Tampered
from gateway.primitives.mac import hmac_sha256
from gateway.store.outgoing import WrappedKey
from gateway.store.plan import Change, Claim, Delete, Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealing import BodySeal
from gateway.store.tables import CredentialRow, DataKeyRow, DossierRow, HeldSecretRow
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
    """A key that is not stored yet: its row, and of a case's the dossier that wraps it."""

    key: bytes
    row: Claim
    digest: str | None = None
    dossier: _Dossier | None = None

    def made(self) -> DataKey:
        return DataKey(self.key, Plan((*(self.dossier.stands if self.dossier else ()), self.row)))


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
        self._fresh: OrderedDict[str, _Fresh] = OrderedDict()
        self._new_dossiers: OrderedDict[str, _Dossier] = OrderedDict()
        self._dossier_digests = master.derive("dossier")
        self._unwrap = lru_cache(maxsize=OPENED)(self._opened)
        self._today: tuple[str, int | None, DataKey] | None = None
        self._lock = threading.Lock()
        reader.open_with(self.opening_key)  # the one door: whoever reads a body through it reads it opened

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
        return hmac_sha256(self._dossier_digests, person.encode()).hex()

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
            dossier = self._new_dossier(None) if person is None else self._dossier(self.dossier_digest(person))
        wrapped = MasterKey(dossier.key).seal(key, f"data-key/{scope}", self._random(NONCE_SIZE))
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
            wrapped = self._seal(self._unwrap(scope, stored), f"data-key/{scope}")
        again = Update(DataKeyRow, {"scope": scope}, {"wrapped": stored.wrapped}, {"wrapped": wrapped})
        return Plan.of(again, Delete(DossierRow, {"scope": scope}))

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

    def _data_key(self, scope: str, person: str | None = None) -> DataKey:
        with self._lock:
            stored = self._seen(scope)
            if stored is not None:
                if stored.is_destroyed:
                    raise erased(scope)
                return DataKey(self._unwrap(scope, stored), Plan())
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

    def _holds(self, fresh: _Fresh, person: str | None) -> bool:
        """Whether a key that is not stored yet is still the one: another case may have begun the person's dossier."""
        if person is None or fresh.dossier is None:
            return True
        return fresh.digest == self.dossier_digest(person) and self._dossier(fresh.digest) == fresh.dossier

    def _make(self, scope: str, person: str | None) -> _Fresh:
        key = self._random(KEY_SIZE)
        if not scope.startswith("case/"):
            return _Fresh(key, _key_row(scope, self._seal(key, f"data-key/{scope}"), None))
        digest = None if person is None else self.dossier_digest(person)
        dossier = self._new_dossier(None) if digest is None else self._dossier(digest)
        wrapped = MasterKey(dossier.key).seal(key, f"data-key/{scope}", self._random(NONCE_SIZE))
        return _Fresh(key, _key_row(scope, wrapped, dossier.scope), digest, dossier)

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
        row = _key_row(scope, self._seal(key, f"data-key/{scope}"), None)
        if digest is None:
            return _Dossier(scope, key, (row,))
        return _Dossier(scope, key, (Claim(DossierRow, ("digest",), {"digest": digest, "scope": scope}), row))

    def _opened(self, scope: str, wrapped: WrappedKey) -> bytes:
        """The key of a stored form. Raises Tampered `sealed-damaged`."""
        if wrapped.under is None:
            return self._master.open(wrapped.wrapped, f"data-key/{scope}")
        outer = self._master.open(wrapped.outer or b"", f"data-key/{wrapped.under}")
        return MasterKey(outer).open(wrapped.wrapped, f"data-key/{scope}")

    def _seal(self, plain: bytes, context: str) -> bytes:
        return self._master.seal(plain, context, self._random(NONCE_SIZE))


def erased(scope: str) -> Refused:
    """The refusal of whatever would begin under a key that was destroyed."""
    return Refused(
        f"{scope}: the data of this person were erased, nothing new is kept under it",
        code="erased",
        clause="UU 27/2022 Pasal 43",
    )


def _key_row(scope: str, wrapped: bytes, under: str | None) -> Claim:
    return Claim(DataKeyRow, ("scope",), {"scope": scope, "wrapped": wrapped, "under": under})


def scope_of(case_id: str | None, at: datetime) -> str:
    """The scope of what is about this case, or about none and happened then."""
    return f"case/{case_id}" if case_id else f"day/{at.astimezone(UTC).date().isoformat()}"


def _credential_context(agency: str, name: str) -> str:
    return f"credential/{agency}/{name}"


def _held_context(challenge: str) -> str:
    return f"held/{challenge}"
