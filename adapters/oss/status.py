"""receiveLicenseStatus: how an application stands, in OSS's codes. Written strictly, read with tolerance.

Since version 1.1 of its schema (agreement 1.2) positive fiction is told as 57. In 1.0 that code is OSS's own, so the
approval that it is goes as 50 there. What OSS took back itself is not told to it (`gateway.domain.asks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta, timezone
from types import MappingProxyType

from adapters.oss.reply import failed
from gateway.contract.adapter import Accept, Heard
from gateway.contract.message import Payload
from gateway.domain.case import PermitCase
from gateway.domain.errors import Refused
from gateway.domain.events import CaseStatus, ReportStatus
from gateway.domain.identifiers import NIP, InvalidIdentifier

WIB = timezone(timedelta(hours=7))
"""Jakarta time, without daylight saving."""

SAMPLE_INSTANSI = "999"
"""kd_instansi of the office. SAMPLE: OSS gives the real one with the agreement."""

STATUSES: Mapping[CaseStatus, tuple[str, str]] = MappingProxyType(
    {
        CaseStatus.REGISTERED: ("09", "Permohonan dan persyaratan telah diisi"),
        CaseStatus.COMPLETE: ("10", "Dokumen permohonan lengkap"),
        CaseStatus.INCOMPLETE: ("11", "Dokumen permohonan belum lengkap"),
        CaseStatus.VALIDATING: ("20", "Permohonan sedang divalidasi"),
        CaseStatus.AWAITING_PAYMENT: ("30", "Menunggu pembayaran retribusi"),
        CaseStatus.PAID: ("31", "Pembayaran retribusi diterima"),
        CaseStatus.CLOCK_PAUSED: ("41", "Waktu pelayanan dihentikan sementara"),
        CaseStatus.CLOCK_RESUMED: ("42", "Waktu pelayanan dilanjutkan"),
        CaseStatus.CLOCK_RESTARTED: ("44", "Waktu pelayanan dimulai dari awal"),
        CaseStatus.TECHNICALLY_APPROVED: ("45", "Pertimbangan teknis terpenuhi"),
        CaseStatus.NUMBERING: ("49", "Pengambilan nomor izin"),
        CaseStatus.APPROVED: ("50", "Permohonan disetujui"),
        CaseStatus.REJECTED: ("90", "Permohonan ditolak"),
        # OSS has no code for a lapsed charge: the case ends and must start again (14(4)), which is a rejection there
        CaseStatus.LAPSED: ("90", "Ketetapan retribusi gugur karena tidak dibayar; permohonan diajukan kembali"),
        CaseStatus.APPROVED_BY_FICTION: ("57", "Dianggap disetujui karena lewat waktu (fiktif positif)"),
        # nor for these two: agreed is the code of what has no permit, and the text says which it was
        CaseStatus.WITHDRAWN: ("90", "Permohonan ditarik kembali oleh pemohon"),
        CaseStatus.REVOKED: ("90", "Izin yang telah terbit dicabut"),
    }
)

STATUSES_1_0: Mapping[CaseStatus, tuple[str, str]] = MappingProxyType(
    {**STATUSES, CaseStatus.APPROVED_BY_FICTION: ("50", STATUSES[CaseStatus.APPROVED_BY_FICTION][1])}
)


def status_report(case: PermitCase, ask: ReportStatus, _message_id: str) -> Payload:
    """Report the status with the ids that OSS gave at the opening. Raises Refused for a case that it did not open."""
    return _report(case, ask, *STATUSES[ask.status])


def status_report_1_0(case: PermitCase, ask: ReportStatus, _message_id: str) -> Payload:
    """Report the same in the codes of schema 1.0."""
    return _report(case, ask, *STATUSES_1_0[ask.status])


def _report(case: PermitCase, ask: ReportStatus, code: str, text: str) -> Payload:
    return {
        "IZINSTATUS": {
            "nib": given(case, "nib"),
            "id_produk": case.reference("id-produk") or "",
            "id_proyek": case.reference("id-proyek") or "",
            "oss_id": given(case, "oss-id"),
            "id_izin": given(case, "id-izin"),
            "kd_izin": given(case, "kd-izin"),
            "kd_instansi": SAMPLE_INSTANSI,
            "kd_status": code,
            "tgl_status": ask.at.astimezone(WIB).strftime("%Y-%m-%d %H:%M:%S"),
            "nip_status": nip(ask.by),
            "nama_status": (ask.by or "SIMOJO")[:50],
            "keterangan": (f"{text}: {ask.note}" if ask.note else text)[:1000],
        }
    }


def status_taken(_case: PermitCase, _ask: ReportStatus, reply: Payload) -> Heard:
    """Read OSS's acknowledgement."""
    return failed(reply, "status") or Accept()


def given(case: PermitCase, kind: str) -> str:
    """Look up an id that OSS gave at the opening. Raises Refused where it gave none."""
    value = case.reference(kind)
    if value is None:
        raise Refused(f"Berkas {case.id} tidak dibuka oleh OSS (tanpa {kind}): tidak ada yang dilaporkan kepada OSS.")
    return value


def nip(by: str) -> str:
    """Read a NIP, as its digits; empty for what is none."""
    try:
        return str(NIP(by))  # schema checks know plain text alone
    except InvalidIdentifier:
        return ""
