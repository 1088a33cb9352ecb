"""Technical considerations (Pasal 11(3)d): what DLH is told of an undertaking, and what its answer means."""

from __future__ import annotations

from gateway.contract.adapter import Accept, Decline
from gateway.contract.message import Payload
from gateway.contract.recommendations import known, recommendation, texts
from gateway.domain.case import PermitCase
from gateway.domain.events import RequestRecommendation

AGENCY = "dlh"

STUDY = "dokumen-lingkungan"
"""The kind of document that describes the undertaking's effects on its surroundings."""


def consideration_request(case: PermitCase, _ask: RequestRecommendation, _message_id: str) -> Payload:
    """Send what is to be run where and by whom, and the digest of the environmental document."""
    applicant, site = case.applicant, case.site
    return known(
        {
            "perkara": case.id,
            "tandaTerima": case.acknowledgement_number,
            "layanan": case.service,
            "namaLayanan": case.service_name,
            "pelakuUsaha": known(
                {"penanggungJawab": applicant.name, "badanUsaha": applicant.company, "nib": str(applicant.nib or "")}
            ),
            "lokasi": {"alamat": site.address, "kelurahan": site.kelurahan},
            "kegiatan": site.purpose,
            "luas": site.area_m2,
            "dokumen": [each.sha256 for each in case.documents if each.kind == STUDY],
        }
    )


def consideration_given(case: PermitCase, _ask: RequestRecommendation, answer: Payload) -> Accept | Decline:
    """Read the consideration: the kind of environmental document and each duty become conditions of the permit."""
    return recommendation(
        case,
        agency=AGENCY,
        about=answer["perkara"],
        favourable=answer["layak"] is True,
        number=answer["nomor"],
        on=answer["tanggal"],
        by=answer["pejabat"],
        conditions=(f"Dokumen lingkungan: {answer['jenisDokumen']}.", *texts(answer.get("kewajiban"))),
    )
