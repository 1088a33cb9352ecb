"""Every table, by agency and by who speaks."""

from __future__ import annotations

from collections.abc import Mapping

from tests.exchange.tables import bank, courier, email, sms
from tests.exchange.tables.row import Row

TABLES: Mapping[str, Mapping[str, tuple[Row, ...]]] = {
    "sms": {"what the aggregator answers": sms.ANSWERS, "delivery reports": sms.REPORTS},
    "email": {"what the relay answers": email.ANSWERS, "mail reports": email.REPORTS},
    "courier": {"what the courier answers at once": courier.ANSWERS, "what it says later": courier.CALLBACKS},
    "bank": {
        "tokens and signatures": bank.PROOFS,
        "inquiries and payments": bank.PAYMENTS,
        "what the bank answers to a question for a QR": bank.QRIS_ANSWERS,
        "payments by QR": bank.QRIS_PAYMENTS,
    },
}
