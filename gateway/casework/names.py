"""Names that what the hub makes bears outside: of a delivery's message, and of what the ledger commits to."""

from __future__ import annotations

from gateway.domain.events import Applicant

BATCH_REPORT = "batch-report"
"""The part of a manifest's exchange that holds the last report of its batch."""


def message_id(delivery: str) -> str:
    """The message id of a delivery's message, as the agency sees it: a URN that WS-Addressing takes as it is."""
    return f"urn:uuid:{delivery}"


def agency_report(number: int) -> str:
    """The part of our manifest's exchange that holds an agency's signed report of its file, the so-manyth one."""
    return f"agency-report-{number}"


def person_of(applicant: Applicant) -> str:
    """Whose dossier a case belongs to: the person with this NIK, else the firm with this NPWP."""
    return f"npwp/{applicant.npwp}" if applicant.nik is None else f"nik/{applicant.nik}"


def fact_part(seq: int) -> str:
    """The name under which a fact's record (`history.fact_record`) is committed to in the ledger."""
    return f"fact-{seq}"
