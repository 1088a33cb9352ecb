"""What the office API shows of a case."""

from __future__ import annotations

from typing import Any

from gateway.domain.case import PermitCase


def case_view(case: PermitCase) -> dict[str, Any]:
    """What officers work with: states and numbers, and nothing about the person beyond them."""
    return {
        "id": case.id,
        "stage": case.stage.value,
        "version": case.version,
        "service": case.service,
        "residency": case.residency.value,
        "taxStatus": case.tax_status.value,
        "businessStatus": case.business_status.value,
        "arrears": case.arrears,
        "levied": case.levied,
        "builtArea": case.site.area_m2,
        "ended": case.ended,
        "missingRecommendations": list(case.missing_recommendations),
        "recommendations": [{"agency": r.agency, "favourable": r.favourable} for r in case.recommendations],
        "paymentCode": case.skrd.payment_code if case.skrd else None,
        "amount": case.skrd.amount if case.skrd else None,
        "skrdNumber": case.skrd.number if case.skrd else None,
        "qris": case.qris.content if case.qris else None,
        "noticeReceivedAt": case.charge_notice_received_at,
        "paid": case.payment is not None,
        "number": case.reserved_number,
        "numberActive": case.number_active,
        "documentSha256": case.document_sha256,
        "signing": case.signing.value,
        "signedSha256": case.signed_sha256 or None,
        "signatureNotGiven": _not_given(case),
        "paper": case.paper,
        "surveyed": case.survey is not None,
        "suspended": case.suspended,
        "handOver": case.hand_over.value,
        "attention": list(case.attention),
    }


def _not_given(case: PermitCase) -> dict[str, str] | None:
    """Why the last request for a certified signature brought none; None when there was no such."""
    last = case.signature_not_given
    return None if last is None else {"reason": last.reason, "text": last.text}
