"""Technical recommendations (Pasal 11(3)d): what Bakesbangpol is told of a study, and what its answer means."""

from __future__ import annotations

from gateway.contract.adapter import Accept, Decline
from gateway.contract.message import Payload
from gateway.contract.recommendations import contradiction, known, recommendation, texts
from gateway.domain.case import PermitCase
from gateway.domain.events import RequestRecommendation

AGENCY = "bakesbangpol"

PROPOSAL = "proposal"
"""The kind of document that describes the study."""


def study_request(case: PermitCase, _ask: RequestRecommendation, _message_id: str) -> Payload:
    """Send what is to be studied where, by whom and for which institution, and the digest of the proposal."""
    return known(
        {
            "perkara": case.id,
            "tandaTerima": case.acknowledgement_number,
            "layanan": case.service,
            "namaLayanan": case.service_name,
            "peneliti": known({"nama": case.applicant.name, "lembaga": case.applicant.company}),
            "judul": case.site.purpose,
            "lokasi": {"alamat": case.site.address, "kelurahan": case.site.kelurahan},
            "proposal": [each.sha256 for each in case.documents if each.kind == PROPOSAL],
        }
    )


def study_recommended(case: PermitCase, _ask: RequestRecommendation, answer: Payload) -> Accept | Decline:
    """Read the recommendation; one that ends before the day that it bears is none."""
    until, on = answer.get("berlakuSampai"), str(answer["tanggal"])
    if until is not None and str(until) < on:
        return contradiction(f"the recommendation of {on} holds until {until}: correct one of the two dates")
    return recommendation(
        case,
        agency=AGENCY,
        about=answer["perkara"],
        favourable=answer["setuju"] is True,
        number=answer["nomor"],
        on=on,
        by=answer["pejabat"],
        conditions=(
            *(() if until is None else (f"Rekomendasi berlaku sampai {until}.",)),
            *texts(answer.get("ketentuan")),
        ),
    )
