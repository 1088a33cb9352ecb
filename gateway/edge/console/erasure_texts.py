"""What the page of erasures says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.domain.titles import Language
from gateway.operations.erasing.orders import Basis

_ID = {
    "title": "Konsol SIMOJO Gateway",
    "console": "Konsol",
    "heading": "Penghapusan data pribadi (UU 27/2022)",
    "what": "Satu petugas mengusulkan, petugas lain menyetujui. Sesudah disetujui tidak ada jalan kembali.",
    "reach": (
        "Di luar jangkauan: bukti dan receipt yang sudah diserahkan, catatan instansi sendiri, dan cadangan basis data "
        "sampai masa simpannya habis. Beri tahu instansi dan pemohon (Pasal 43, 45). Panduan: docs/privacy.md."
    ),
    "new": "Usulkan penghapusan",
    "scope": "Mengusulkan dan menyetujui perlu token dengan cakupan erase (simojo staff token).",
    "nik": "NIK",
    "npwp": "atau NPWP badan usaha",
    "case": "atau nomor berkas",
    "one": "Isi satu dari tiga.",
    "basis": "Dasar (Pasal 43 ayat (1))",
    "reason": "Alasan",
    "reason_note": "Tetap disimpan, jadi tidak boleh menyebut orangnya: tulis nomor surat permintaannya.",
    "permit_reason": "Alasan izin yang masih berlaku ikut dihapus (bila ada)",
    "propose": "Usulkan",
    "earlier": "Usulan dan penghapusan",
    "none": "Belum pernah ada usulan penghapusan.",
    "at": "Diusulkan (WIB)",
    "by": "Oleh",
    "cases": "Berkas",
    "state": "Keadaan",
    "decided": "Diputuskan oleh",
    "look": "Periksa dan setujui",
    "ask": "Setujui penghapusan ini?",
    "id": "Nomor usulan",
    "no_way_back": "Sesudah disetujui tidak ada jalan kembali: data berkas ini tidak terbaca siapa pun lagi.",
    "confirm": "Ketik 8 huruf terakhir nomor usulan (dicetak tebal) untuk menegaskan",
    "back": "Semua usulan dan penghapusan",
    "approve": "Setujui dan hapus",
    "refuse": "Tolak",
    "why_not": "Alasan menolak",
    "failed": "Gagal",
    "proposed": "menunggu persetujuan",
    "approved": "disetujui, sedang dikerjakan",
    "destroyed": "kunci dimusnahkan; berkas basis data belum ditulis ulang (simojo erasure compact)",
    "done": "dihapus",
    "refused": "ditolak",
}
_EN = {
    "title": "SIMOJO Gateway console",
    "console": "Console",
    "heading": "Erasure of personal data (Law 27/2022)",
    "what": "One member of staff proposes, another approves. Once it is approved there is no way back.",
    "reach": (
        "Out of reach: evidence and receipts that were handed out, agencies' own records, and backups until their time "
        "is over. Tell the agencies and the applicant (Pasal 43, 45). Guide: docs/privacy.md."
    ),
    "new": "Propose an erasure",
    "scope": "To propose and to approve needs a token with the scope erase (simojo staff token).",
    "nik": "NIK",
    "npwp": "or a firm's NPWP",
    "case": "or a case",
    "one": "Fill in one of the three.",
    "basis": "Ground (Pasal 43(1))",
    "reason": "Reason",
    "reason_note": "It is kept, so it may not name the person: give the number of their letter.",
    "permit_reason": "Why a permit in force is erased too (if there is one)",
    "propose": "Propose",
    "earlier": "Proposals and erasures",
    "none": "No erasure was ever proposed.",
    "at": "Proposed (WIB)",
    "by": "By",
    "cases": "Cases",
    "state": "State",
    "decided": "Decided by",
    "look": "Look at it and approve",
    "ask": "Approve this erasure?",
    "id": "Proposal",
    "no_way_back": "Once it is approved there is no way back: nobody can read the data of these cases any more.",
    "confirm": "Type the last 8 characters of the proposal's id (in bold) to confirm",
    "back": "All proposals and erasures",
    "approve": "Approve and erase",
    "refuse": "Refuse",
    "why_not": "Why it is refused",
    "failed": "Failed",
    "proposed": "waits for approval",
    "approved": "approved, being done",
    "destroyed": "keys destroyed; the database file is still to be written anew (simojo erasure compact)",
    "done": "erased",
    "refused": "refused",
}

TEXTS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {Language.INDONESIAN: MappingProxyType(_ID), Language.ENGLISH: MappingProxyType(_EN)}
)

BASES: Mapping[Language, Mapping[Basis, str]] = MappingProxyType(
    {
        Language.INDONESIAN: MappingProxyType(
            {
                Basis.REQUESTED: "c. diminta oleh orangnya (Pasal 8)",
                Basis.CONSENT_WITHDRAWN: "b. persetujuan ditarik kembali",
                Basis.PURPOSE_ENDED: "a. tidak diperlukan lagi untuk tujuannya",
                Basis.UNLAWFUL: "d. diperoleh atau diproses melawan hukum",
            }
        ),
        Language.ENGLISH: MappingProxyType(
            {
                Basis.REQUESTED: "c. the person asks for it (Pasal 8)",
                Basis.CONSENT_WITHDRAWN: "b. consent is withdrawn",
                Basis.PURPOSE_ENDED: "a. no longer needed for what it was gathered for",
                Basis.UNLAWFUL: "d. gathered or processed against the law",
            }
        ),
    }
)
