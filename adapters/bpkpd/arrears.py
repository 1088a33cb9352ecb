"""Arrears of city taxes and retribusi: asked when the administration is verified, told to an officer, never judged."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from adapters.bpkpd.recommendation import AGENCY, rupiah
from gateway.contract.adapter import Accept, AskPerson, Effect, Heard, Retry
from gateway.contract.message import Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import ApplicantKind, ArrearsFound, AttentionRaised, CaseEvent, NoArrearsFound, QueryArrears

SOURCE = f"{AGENCY}/arrears"
OWING, UNKNOWN, CLOSED = "menunggak", "tidak-terdaftar", "tutup-buku"
"""What BPKPD says of a taxpayer beside `nihil`; the last one, that its books are being closed and it answers later."""


def arrears_query(case: PermitCase, _ask: QueryArrears, _message_id: str) -> Payload:
    """Ask about the applicant by one number, the most exact that the case has."""
    kind, number = _taxpayer(case)
    return {"perkara": case.id, "layanan": case.service, "wajibPajak": {"jenis": kind, "nomor": number}}


def _taxpayer(case: PermitCase) -> tuple[str, str]:
    """The city's own tax number (NPWPD) where the case refers to one, a firm's NPWP, else the NIK."""
    if npwpd := case.reference("npwpd"):
        return "npwpd", npwpd
    if case.applicant.kind is ApplicantKind.COMPANY and case.applicant.npwp is not None:
        return "npwp", str(case.applicant.npwp)
    return "nik", str(case.applicant.nik)


def arrears_told(case: PermitCase, _ask: QueryArrears, reply: Payload) -> Heard:
    """Read what is owed: a fact either way, and for a debt a call for a person, who decides what it means."""
    if reply["perkara"] != case.id:
        return AskPerson(text=f"BPKPD menjawab tentang perkara lain ({reply['perkara']}): tanyakan kembali.")
    status, (kind, _) = reply["status"], _taxpayer(case)
    if status == CLOSED:
        return Retry(text="BPKPD: tutup buku", after_s=cast("int", reply.get("cobaLagiDetik", 900)))
    if status == UNKNOWN and kind != "nik":  # a person who pays no tax is known to nobody there; a firm's number is
        return AskPerson(text=f"BPKPD tidak mengenal {kind.upper()} pemohon: periksa nomornya.")
    on = date.fromisoformat(str(reply["perTanggal"]))
    events: tuple[CaseEvent, ...] = (NoArrearsFound(agency=AGENCY, on=on),)
    if status == OWING:
        amount, debts = cast("int", reply["jumlah"]), cast("list[dict[str, Any]]", reply["rincian"])
        if sum(each["jumlah"] for each in debts) != amount:
            return AskPerson(text=f"BPKPD: rincian tunggakan tidak berjumlah {rupiah(amount)}: tanyakan kembali.")
        listed = "; ".join(f"{each['jenis']} {each['masa']} {rupiah(each['jumlah'])}" for each in debts)
        text = f"Pemohon menunggak {rupiah(amount)} per {on}: {listed}. Petugas memutuskan tindak lanjutnya."
        events = (ArrearsFound(agency=AGENCY, amount=amount, on=on), AttentionRaised(source=SOURCE, text=text))
    return Accept(effects=(Effect(case=case.id, events=events),))
