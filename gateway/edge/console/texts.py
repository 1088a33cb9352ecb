"""What the console says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.edge.titles import Language

_ID = {
    "title": "Konsol SIMOJO Gateway",
    "sign_in": "Masuk",
    "sign_out": "Keluar",
    "token": "Token (buat dengan `simojo staff token`)",
    "failed": "Token tidak dikenal, kedaluwarsa, atau tanpa hak admin.",
    "cases": "Berkas izin",
    "exchanges": "Pertukaran",
    "no_cases": "Belum ada berkas izin. Berkas muncul di sini begitu permohonan diterima.",
    "no_exchanges": "Belum ada pertukaran.",
    "case": "Berkas",
    "service": "Layanan",
    "stage": "Tahap",
    "number": "Nomor izin",
    "changed": "Berubah (WIB)",
    "at": "Waktu (WIB)",
    "direction": "Arah",
    "in": "masuk",
    "out": "keluar",
    "interaction": "Interaksi",
    "verdict": "Hasil",
    "leaves": "Entri buku catatan",
    "ledger": "Buku catatan",
    "entries": "entri",
    "pending": "menunggu",
    "waiting": "Pengiriman menunggu",
    "dead": "Surat mati",
    "suspended": "Instansi ditangguhkan",
    "live": "Halaman diperbarui sendiri.",
}
_EN = {
    "title": "SIMOJO Gateway console",
    "sign_in": "Sign in",
    "sign_out": "Sign out",
    "token": "Token (make one with `simojo staff token`)",
    "failed": "The token is not known, has expired, or lacks the scope admin.",
    "cases": "Permit cases",
    "exchanges": "Exchanges",
    "no_cases": "No permit case yet. One appears here as soon as an application is received.",
    "no_exchanges": "No exchange yet.",
    "case": "Case",
    "service": "Service",
    "stage": "Stage",
    "number": "Permit number",
    "changed": "Changed (WIB)",
    "at": "Time (WIB)",
    "direction": "Direction",
    "in": "in",
    "out": "out",
    "interaction": "Interaction",
    "verdict": "Verdict",
    "leaves": "Ledger entries",
    "ledger": "Ledger",
    "entries": "entries",
    "pending": "pending",
    "waiting": "Deliveries waiting",
    "dead": "Dead letters",
    "suspended": "Suspended agencies",
    "live": "The page keeps itself up to date.",
}

TEXTS: Mapping[Language, Mapping[str, str]] = MappingProxyType({Language.INDONESIAN: _ID, Language.ENGLISH: _EN})
