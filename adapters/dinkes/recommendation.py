"""Technical recommendations (Pasal 11(3)d): what the health office is told of a practice, and what its answer means."""

from __future__ import annotations

from gateway.contract.adapter import Accept, Decline
from gateway.contract.message import Payload
from gateway.contract.recommendations import contradiction, known, recommendation, texts
from gateway.domain.case import PermitCase
from gateway.domain.events import RequestRecommendation

AGENCY = "dinkes"

PRACTICE = "sip-"
"""How the services begin that are a licence to practise (surat izin praktik); the profession follows."""

PAPERS = ("str", "ijazah")
"""The kinds of document that the health office compares with the copies it has."""

FAVOURABLE = "direkomendasikan"
LIFELONG = "seumur-hidup"


def practice_request(case: PermitCase, _ask: RequestRecommendation, _message_id: str) -> Payload:
    """Send who wants to practise as what, and where. A case has no STR number: its scan is named by its digest."""
    return known(
        {
            "perkara": case.id,
            "tandaTerima": case.acknowledgement_number,
            "layanan": case.service,
            "namaLayanan": case.service_name,
            "profesi": case.service.removeprefix(PRACTICE),
            "tenagaKesehatan": {"nama": case.applicant.name},
            "tempatPraktik": known(
                {"nama": case.applicant.company, "alamat": case.site.address, "kelurahan": case.site.kelurahan}
            ),
            "jenisPraktik": case.site.purpose,
            "berkas": [{"jenis": each.kind, "sha256": each.sha256} for each in case.documents if each.kind in PAPERS],
        }
    )


def practice_recommended(case: PermitCase, _ask: RequestRecommendation, answer: Payload) -> Accept | Decline:
    """Read the recommendation; a practice cannot be recommended under a registration (STR) that has ended."""
    favourable = answer["hasil"] == FAVOURABLE
    until, on = str(answer.get("strBerlakuSampai", LIFELONG)), str(answer["tanggal"])
    if favourable and until != LIFELONG and until < on:
        return contradiction(f"a practice is recommended on {on} under an STR that ended on {until}: correct one")
    return recommendation(
        case,
        agency=AGENCY,
        about=answer["perkara"],
        favourable=favourable,
        number=answer["nomor"],
        on=on,
        by=answer["pejabat"],
        conditions=(*_practice(answer), *texts(answer.get("syarat"))),
    )


def _practice(answer: Payload) -> tuple[str, ...]:
    """What the permit has to say of the practice: which of the person's places it is, and how long the STR holds."""
    said = []
    if "tempatPraktikKe" in answer:
        said.append(f"Tempat praktik ke-{answer['tempatPraktikKe']}.")
    if "strBerlakuSampai" in answer:
        until = answer["strBerlakuSampai"]
        said.append("STR berlaku seumur hidup." if until == LIFELONG else f"STR berlaku sampai {until}.")
    return tuple(said)
