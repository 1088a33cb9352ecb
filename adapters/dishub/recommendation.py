"""Technical recommendations (Pasal 11(3)d): what the transport office is told of a route, and its two answers."""

from __future__ import annotations

from gateway.contract.adapter import Accept, Decline
from gateway.contract.message import Payload
from gateway.contract.recommendations import known, other_case, recommendation, texts
from gateway.domain.case import PermitCase
from gateway.domain.events import RequestRecommendation

AGENCY = "dishub"

REGISTRATION = "stnk"
"""The kind of document that registers a vehicle."""

ENTERED = "diterima"
"""The first of two answers: entered in the office's register, to be looked at. The other one decides."""


def route_request(case: PermitCase, _ask: RequestRecommendation, _message_id: str) -> Payload:
    """Send who wants to drive which route from where, and the digests of the vehicles' registrations."""
    return known(
        {
            "perkara": case.id,
            "tandaTerima": case.acknowledgement_number,
            "layanan": case.service,
            "namaLayanan": case.service_name,
            "pengusaha": known({"nama": case.applicant.name, "badanUsaha": case.applicant.company}),
            "pangkalan": {"alamat": case.site.address, "kelurahan": case.site.kelurahan},
            "trayek": case.site.purpose,
            "kendaraan": [{"stnkSha256": each.sha256} for each in case.documents if each.kind == REGISTRATION],
        }
    )


def route_answered(case: PermitCase, _ask: RequestRecommendation, answer: Payload) -> Accept | Decline:
    """Keep waiting after a receipt of the office's register, which decides nothing; read the recommendation else."""
    if answer["tahap"] == ENTERED:
        return other_case(case, answer["perkara"]) or Accept(final=False)
    vehicles = answer.get("jumlahKendaraan")
    return recommendation(
        case,
        agency=AGENCY,
        about=answer["perkara"],
        favourable=answer["setuju"] is True,
        number=answer["nomor"],
        on=answer["tanggal"],
        by=answer["pejabat"],
        conditions=(
            *(() if vehicles is None else (f"Paling banyak {vehicles} kendaraan.",)),
            *texts(answer.get("syarat")),
        ),
    )
