"""`meta.receipt`: the receipt of one exchange of the agency's own, to be kept and verified without the hub."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeAlias

from gateway.contract.message import Payload
from gateway.domain.errors import Refused, Retriable
from gateway.store.tables import ExchangeRow

Receipts: TypeAlias = Callable[[ExchangeRow], bytes]
"""Makes the receipt of an exchange. Raises Retriable while one of its leaves has no place in the ledger."""

ASK_AGAIN_AFTER_S = 5
"""Leaves are placed many times a minute; the promise in each answer is 60 s."""


def receipt(found: ExchangeRow | None, receipts: Receipts) -> Payload:
    """Answer the receipt of an exchange of this agency.

    Raises Refused `exchange-unknown`, Retriable `receipt-not-yet`.
    """
    if found is None:
        raise Refused(
            "no exchange of yours has this id, or none has bound this message id: ask meta.status what became of it",
            code="exchange-unknown",
            clause="Pasal 22(1)",
        )
    try:
        document = receipts(found)
    except Retriable as early:
        raise Retriable(
            "the exchange is on record and not all of its leaves have their place in the ledger yet: ask again, "
            "within 60 s they have",
            code="receipt-not-yet",
            clause="Pasal 22(1)",
            after_s=ASK_AGAIN_AFTER_S,
        ) from early
    return {
        "exchange": found.id,
        "sha256": hashlib.sha256(document).hexdigest(),
        "receipt": document.decode(),
    }
