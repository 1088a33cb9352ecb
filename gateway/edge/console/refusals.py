"""What the console says when it refuses: a page that a person can read, where a browser asks for one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import Request
from fastapi.responses import Response

from gateway.domain.errors import GatewayError
from gateway.domain.titles import Language, title_of
from gateway.edge.console.pages import language_asked, page_of
from gateway.edge.http import public_text, status_of

PAGES = "/console"

DETAILS: Mapping[str, str] = MappingProxyType(
    {
        "agency-unknown": "Instansi ini tidak dikenal.",
        "basis-unknown": "Pilih salah satu dasar dari UU 27/2022 Pasal 43 ayat (1).",
        "batch-not-ended": "Berkas rekaman ini belum selesai dibaca. Bandingkan sesudah selesai.",
        "batch-unknown": "Instansi ini tidak mempunyai berkas rekaman dengan nomor itu.",
        "body-cut-off": "Sambungan terputus sebelum isian diterima seluruhnya. Kirim sekali lagi.",
        "body-too-large": "Isian atau berkas lebih besar daripada yang diterima di sini. Untuk daftar besar: simojo"
        " reconcile run.",
        "body-too-slow": "Isian tidak diterima seluruhnya pada waktunya. Kirim sekali lagi.",
        "case-unknown": "Berkas izin dengan nomor ini tidak ada.",
        "confirmation-wrong": "Penegasan tidak cocok, dan tidak ada yang dihapus. Ketik 8 huruf terakhir nomor usulan"
        " seperti tertera.",
        "content-type-wrong": "Kirim isian dari halaman ini, beserta berkasnya.",
        "cross-origin": "Permintaan ini dikirim oleh situs lain, dan tidak ada yang berubah di sini. Buka halaman ini"
        " di alamat hub sendiri, lalu kerjakan dari sana.",
        "exchange-unknown": "Pertukaran dengan nomor ini tidak ada. Periksa nomornya.",
        "list-too-long": "Daftar mempunyai terlalu banyak baris. Bagi menurut hari, atau pakai simojo reconcile run.",
        "list-too-wide": "Terlalu banyak pesan dalam masa itu. Bandingkan masa yang lebih pendek.",
        "list-unreadable": "Daftar harus berupa CSV dengan kepala message_id,sha256; untuk berkas rekaman record,sha256"
        " atau key,sha256.",
        "method-not-allowed": "Alamat ini tidak melayani cara itu. Kembali ke konsol.",
        "no-difference": "Baris ini bukan perbedaan, jadi tidak ada yang perlu diselesaikan.",
        "not-found": "Tidak ada apa pun di alamat ini.",
        "own-list": "Petugas yang membawa daftar tidak menyelesaikan perbedaannya: petugas lain yang melakukannya.",
        "period-wrong": "Sebutkan hari pertama dan hari terakhir yang sudah berjalan (atau satu berkas rekaman, tanpa"
        " hari).",
        "reason-wrong": "Alasan wajib diisi, 3 sampai 300 huruf.",
        "reconciliation-unknown": "Rekonsiliasi dengan nomor ini tidak ada. Periksa nomornya.",
        "result-gone": "Baris-baris hasil tidak lagi disimpan. Bandingkan daftar sekali lagi.",
        "scope-missing": "Token Anda tidak mempunyai cakupan yang diperlukan (simojo staff token).",
        "settled-already": "Perbedaan ini sudah diselesaikan.",
        "token-expired": "Token sudah kedaluwarsa. Masuk lagi dengan token baru (simojo staff token).",
        "token-missing": "Masuk lebih dahulu.",
        "token-wrong": "Token tidak dikenal atau sudah dicabut. Masuk lagi dengan token yang berlaku.",
    }
)
"""What some errors mean and what to do, in Indonesian; others say it in both languages in their own text."""


def told(error: GatewayError, language: Language) -> dict[str, str]:
    """An error for a page: `failed` (its title), `detail` (a sentence), and the `original` where that says more."""
    title, text = title_of(error).in_language(language), public_text(error)
    if language is Language.ENGLISH or error.code not in DETAILS:
        return {"failed": title, "detail": text, "original": ""}
    return {"failed": title, "detail": DETAILS[error.code], "original": text}


def wants_page(request: Request) -> bool:
    """Whether a refusal is to be a page: a browser asks for HTML by name, and a script or program does not."""
    return request.url.path.startswith(PAGES) and "text/html" in request.headers.get("accept", "")


def refusal_page(request: Request, error: GatewayError) -> Response:
    """The page of a refusal."""
    return page_of("refusal.html", request, status=status_of(error), **told(error, language_asked(request)))
