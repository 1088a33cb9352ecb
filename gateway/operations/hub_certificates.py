"""Which certificates the hub signed with, and when: kept, so that agencies can be told and old answers be verified.

A leaf is written whenever the hub begins to sign with another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.casework.leaves import Leaves
from gateway.ledger.leaf import LeafKind
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Claim, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import HubCertificateRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.trust.keys import fingerprint

CURRENT = "current"
GONE = ""


def record(
    reader: Reader,
    unit_of_work: UnitOfWork,
    leaves: Leaves,
    held: Sequence[tuple[str, x509.Certificate]],
    at: datetime,
) -> None:
    """Bring the rows to what the settings name now (`role`, certificate); does nothing when they say so already."""

    def prepare() -> None:
        rows = {row.fingerprint: row for row in reader.hub_certificates()}
        changes: list[Change] = []
        # the same certificate in two roles has the one that matters more
        roles = {fingerprint(certificate): (role, certificate) for role, certificate in reversed(held)}
        roles |= {fingerprint(certificate): (role, certificate) for role, certificate in held if role == CURRENT}
        for found, (role, certificate) in roles.items():
            row = rows.get(found)
            times = _times(row, role, at)
            if row is None:
                values = {"fingerprint": found, "pem": certificate.public_bytes(Encoding.PEM).decode()}
                changes.append(Claim(HubCertificateRow, ("fingerprint",), {**values, "role": role, **times}))
            elif row.role != role:
                changes.append(_update(row, {"role": role, **times}))
        gone = (row for row in rows.values() if row.fingerprint not in roles and row.role != GONE)
        changes += [_update(row, {"role": GONE, **_times(row, GONE, at)}) for row in gone]
        current = next(found for found, (role, _) in roles.items() if role == CURRENT)
        before = next((row.fingerprint for row in rows.values() if row.role == CURRENT), None)
        if before != current:
            said = {"step": "hub-signs-with", "fingerprint": current}
            changes.append(leaves.make(LeafKind.KEY, at=at, actor="hub", extra=said).row)
        if changes:
            commit(unit_of_work, Plan(tuple(changes)))

    prepared_again(prepare)


def unrecorded(reader: Reader, held: Sequence[tuple[str, x509.Certificate]]) -> tuple[str, ...]:
    """Where these settings name another signing certificate than the hub began to sign with, a sentence.

    Reads alone. A hub that never ran has none yet, so nothing differs.
    """
    named = next(fingerprint(certificate) for role, certificate in held if role == CURRENT)
    kept = next((row.fingerprint for row in reader.hub_certificates() if row.role == CURRENT), None)
    if kept is None or kept == named:
        return ()
    text = (
        f"the hub was last started with the signing certificate {kept[:16]}, these settings name {named[:16]}: "
        "restart it with them to sign with that"
    )
    return (text,)


def _times(row: HubCertificateRow | None, role: str, at: datetime) -> dict[str, Any]:
    if role == CURRENT:
        return {"signs_from": row.signs_from if row and row.signs_from else at, "signs_until": None}
    if row is not None and row.role == CURRENT:
        return {"signs_from": row.signs_from, "signs_until": at}
    return {}


def _update(row: HubCertificateRow, values: dict[str, Any]) -> Update:
    return Update(HubCertificateRow, {"fingerprint": row.fingerprint}, {"role": row.role}, values)
