"""Technical recommendations (Pasal 11(3)d): what BPKPD is told of an asset or a billboard, and what it answers."""

from __future__ import annotations

from gateway.contract.adapter import Accept, Decline
from gateway.contract.message import Payload
from gateway.contract.recommendations import known, recommendation, texts
from gateway.domain.case import PermitCase
from gateway.domain.events import RequestRecommendation

AGENCY = "bpkpd"


def asset_request(case: PermitCase, _ask: RequestRecommendation, _message_id: str) -> Payload:
    """Send what of the city's is to be used, or what is to be put up, where and by whom."""
    place = {"alamat": case.site.address, "kelurahan": case.site.kelurahan, "uraian": case.site.purpose}
    return known(
        {
            "perkara": case.id,
            "tandaTerima": case.acknowledgement_number,
            "layanan": case.service,
            "namaLayanan": case.service_name,
            "pemohon": known({"nama": case.applicant.name, "badanUsaha": case.applicant.company}),
            "objek": known({**place, "luas": case.site.area_m2}),
        }
    )


def asset_recommended(case: PermitCase, _ask: RequestRecommendation, answer: Payload) -> Accept | Decline:
    """Read the recommendation; the yearly value that BPKPD names is a condition to be told, and no charge (14(6))."""
    value = answer.get("nilaiPerTahun")
    told = () if value is None else (f"Nilai per tahun menurut BPKPD: {rupiah(value)}.",)
    return recommendation(
        case,
        agency=AGENCY,
        about=answer["perkara"],
        favourable=answer["setuju"] is True,
        number=answer["nomor"],
        on=answer["tanggal"],
        by=answer["pejabat"],
        conditions=(*told, *texts(answer.get("syarat"))),
    )


def rupiah(amount: object) -> str:
    """Write whole rupiah as they are written in Indonesia: Rp1.250.000."""
    return f"Rp{amount:,}".replace(",", ".")
