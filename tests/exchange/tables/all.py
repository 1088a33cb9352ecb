"""Every table, by the page that shows it and by its title there."""

from __future__ import annotations

from collections.abc import Mapping

from tests.exchange.tables import (
    bank_payments,
    bank_proofs,
    bank_qris,
    bsre,
    courier,
    courier_callbacks,
    djp,
    dpupr,
    dukcapil,
    email,
    meta,
    oss,
    oss_nib,
    oss_written,
    recommendation,
    satpolpp,
    sms,
)
from tests.exchange.tables.row import Row

TABLES: Mapping[str, Mapping[str, tuple[Row, ...]]] = {
    "dukcapil": {"verify-resident": dukcapil.OUT},
    "djp": {"verify-tax-status": djp.OUT},
    "oss": {
        "receiveLicenseStatus": oss.OUT,
        "inqueryNIB": oss.NUMBERS,
        "receiveNIB": oss_nib.IN,
        "receiveNIB as OSS writes it": oss_written.WRITTEN,
    },
    "bsre": {"user-status": bsre.STATES, "sign-pdf": bsre.SIGNING},
    "bank": {
        "tokens and signatures": bank_proofs.PROOFS,
        "inquiries and payments": bank_payments.PAYMENTS,
        "what the bank answers to a question for a QR": bank_qris.QRIS_ANSWERS,
        "payments by QR": bank_qris.QRIS_PAYMENTS,
    },
    "sms": {"what the aggregator answers": sms.ANSWERS, "delivery reports": sms.REPORTS},
    "email": {"what the relay answers": email.ANSWERS, "mail reports": email.REPORTS},
    "courier": {"what the courier answers at once": courier.ANSWERS, "what it says later": courier_callbacks.CALLBACKS},
    "recommendation": {
        "what the office acknowledges": dpupr.ACKNOWLEDGEMENTS,
        "calls that are spoilt": recommendation.CALLS,
        "how its answer comes": recommendation.ANSWERS,
        "arrears": recommendation.ARREARS,
    },
    "meta": {"questions of agencies": meta.QUESTIONS},
    "satpolpp": {"the mailbox": satpolpp.COLLECTING, "its recommendation": satpolpp.RECOMMENDING},
}
