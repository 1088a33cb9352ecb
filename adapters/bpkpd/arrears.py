"""Arrears of city taxes and retribusi: asked when the administration is verified, told to an officer, never judged."""

from __future__ import annotations

from datetime import date

from adapters.bpkpd.recommendation import AGENCY, rupiah
from gateway.contract.adapter import Accept, AskPerson, Effect, Heard, Retry
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import ApplicantKind, ArrearsFound, AttentionRaised, CaseEvent, NoArrearsFound, QueryArrears

SOURCE = f"{AGENCY}/arrears"
CLEAR, OWING, UNKNOWN, CLOSED = "nihil", "menunggak", "tidak-terdaftar", "tutup-buku"
"""What BPKPD says of a taxpayer; the last one, that its books are being closed and it answers later."""

_CLOSED_S = 900
"""How long the books stay closed when BPKPD does not say."""


def arrears_query(case: PermitCase, _ask: QueryArrears, _message_id: str) -> Payload:
    """Ask about the applicant by one number, the most exact that the case has."""
    kind, number = _taxpayer(case)
    return {"perkara": case.id, "layanan": case.service, "wajibPajak": {"jenis": kind, "nomor": number}}


def _taxpayer(case: PermitCase) -> tuple[str, str]:
    """The city's own tax number (NPWPD) where the case refers to one, a firm's NPWP, else the NIK."""
    if npwpd := case.reference("npwpd"):
        return "npwpd", npwpd
    applicant = case.applicant
    if applicant.kind is ApplicantKind.COMPANY and applicant.npwp is not None:
        return "npwp", str(applicant.npwp)
    return "nik", str(applicant.nik)


def arrears_told(case: PermitCase, _ask: QueryArrears, reply: Payload) -> Heard:
    """Read what is owed: a fact either way, and for a debt a call for a person, who decides what it means."""
    if reply["perkara"] != case.id:
        return AskPerson(text=f"BPKPD menjawab tentang perkara lain ({reply['perkara']}): tanyakan kembali.")
    status = reply["status"]
    if status == CLOSED:
        after_s = reply.get("cobaLagiDetik", _CLOSED_S)
        return Retry(text="BPKPD: tutup buku", after_s=after_s if isinstance(after_s, int) else _CLOSED_S)
    kind, _ = _taxpayer(case)
    if status == UNKNOWN and kind != "nik":  # a person who pays no tax is known to nobody there; a firm's number is
        return AskPerson(text=f"BPKPD tidak mengenal {kind.upper()} pemohon: periksa nomornya.")
    on = date.fromisoformat(str(reply["perTanggal"]))
    if status != OWING:
        return _heard(case, NoArrearsFound(agency=AGENCY, on=on))
    amount, items = reply["jumlah"], reply["rincian"]
    if not isinstance(amount, int) or _total(items) != amount:
        return AskPerson(text=f"BPKPD: rincian tunggakan tidak berjumlah {rupiah(amount)}: tanyakan kembali.")
    text = f"Pemohon menunggak {rupiah(amount)} per {on}: {_listed(items)}. Petugas memutuskan tindak lanjutnya."
    return _heard(case, ArrearsFound(agency=AGENCY, amount=amount, on=on), AttentionRaised(source=SOURCE, text=text))


def _heard(case: PermitCase, *events: CaseEvent) -> Accept:
    return Accept(effects=(Effect(case=case.id, events=events),))


def _total(items: Json) -> int:
    amounts = [each["jumlah"] for each in items if isinstance(each, dict)] if isinstance(items, list) else []
    return sum(each for each in amounts if isinstance(each, int))


def _listed(items: Json) -> str:
    shown = [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []
    return "; ".join(f"{each['jenis']} {each['masa']} {rupiah(each['jumlah'])}" for each in shown)
