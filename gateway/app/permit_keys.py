"""The keys of the statements in permits' QR codes, which hang on the ledger's keys (decisions 0099, 0105)."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.app.store import Store
from gateway.operations.ledger_keys import unnamed_permit_keys
from gateway.settings import Settings
from gateway.trust.permit_statement import StatementKey, StatementVerifier


@dataclass(frozen=True)
class PermitKeys:
    """`key` signs. What `previous` signed is judged whole, and what `earlier` signed but for its holder."""

    key: StatementKey
    previous: StatementKey | None
    earlier: tuple[StatementVerifier, ...]


def permit_keys(settings: Settings) -> PermitKeys:
    """Derive the keys from those of the ledger, and read the earlier ones. Raises Misconfigured."""
    current, before = settings.ledger_seed(), settings.previous_ledger_seed()
    key = StatementKey.derived(current)
    previous = None if before is None or before == current else StatementKey.derived(before)
    known = {each.verifier for each in (key, previous) if each is not None}
    named = dict.fromkeys(StatementVerifier.parse(each) for each in settings.earlier_permit_keys.split())
    return PermitKeys(key, previous, tuple(each for each in named if each not in known))


def permit_key_trouble(store: Store, keys: PermitKeys) -> str:
    """Say that permits of earlier keys cannot be judged, and what to set; "" when all can.

    Of an earlier key the store knows the ledger's half and no other, so they are counted: one line for each.
    """
    signing = [each.verifier for each in (store.note_key, store.previous_note_key) if each is not None]
    missing = unnamed_permit_keys(store.reader, signing, store.earlier_note_keys, len(keys.earlier))
    if not missing:
        return ""
    return (
        f"QR codes of permits that were signed under {missing} earlier key(s) of the ledger cannot be judged: put the "
        "line of /periksa/kunci that each had into SIMOJO_EARLIER_PERMIT_KEYS; while SIMOJO_PREVIOUS_LEDGER_KEY_FILE "
        "names the old key, /periksa/kunci shows it (docs/ledger-verify.md)"
    )
