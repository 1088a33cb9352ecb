"""What each kind of error is called, in Indonesian and in English: the title of a problem, the reason of a fault.

A title never changes between two occurrences of one code (RFC 9457 section 3.1.3). What happened this time stands in
the error's own text.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from gateway.domain.errors import GatewayError, Refused, Retriable


class Language(StrEnum):
    """The languages that the office speaks; Indonesian is its own (UU 24/2009 Pasal 28)."""

    INDONESIAN = "id"
    ENGLISH = "en"


class Title(NamedTuple):
    """One title in both languages."""

    indonesian: str
    english: str

    def in_language(self, language: Language) -> str:
        """The title in that language."""
        return self.english if language is Language.ENGLISH else self.indonesian


TITLES: Mapping[str, Title] = MappingProxyType(
    {
        "internal": Title("Kesalahan pada hub", "Error in the hub"),
        "payment-time": Title("Waktu pembayaran tidak sesuai", "The time of the payment does not fit"),
        "own-personal-data-excess": Title("Kesalahan pada hub", "Error in the hub"),
        "gateway-error": Title("Kesalahan pada hub", "Error in the hub"),
        "try-again": Title("Coba lagi nanti", "Try again later"),
        "agency-unavailable": Title("Instansi tidak menjawab", "The agency does not answer"),
        "agency-unreachable": Title("Instansi tidak dapat dihubungi", "The agency cannot be reached"),
        "agency-timeout": Title("Instansi tidak menjawab tepat waktu", "The agency did not answer in time"),
        "agency-cut-off": Title("Jawaban instansi terputus", "The agency's answer was cut off"),
        "reply-too-large": Title("Jawaban instansi terlalu besar", "The agency's answer is too large"),
        "hub-busy": Title("Hub sedang penuh", "The hub is busy"),
        "key-unavailable": Title("Kunci hub tidak tersedia", "The hub's key is not available"),
        "address-busy": Title("Terlalu banyak permintaan serentak", "Too many requests at once"),
        "bodies-busy": Title("Hub sedang penuh", "The hub is busy"),
        "rate-limited": Title("Terlalu sering", "Too many requests"),
        "mapping-fault": Title("Pemetaan pesan di hub gagal", "The hub's mapping of the message failed"),
        "refused": Title("Pesan ditolak", "Message refused"),
        "not-found": Title("Tidak ditemukan", "Not found"),
        "exchange-unknown": Title("Pertukaran tidak ditemukan", "No such exchange"),
        "agency-unknown": Title("Instansi tidak ditemukan", "No such agency"),
        "interaction-unknown": Title("Interaksi tidak ditemukan", "No such interaction"),
        "case-unknown": Title("Berkas izin tidak ditemukan", "No such case"),
        "delivery-unknown": Title("Kiriman tidak ditemukan", "No such delivery"),
        "document-unknown": Title("Dokumen tidak ditemukan", "No such document"),
        "version-unknown": Title("Versi tidak ditemukan", "No such version"),
        "leaf-unknown": Title("Entri buku catatan tidak ditemukan", "No such leaf"),
        "tile-unknown": Title("Petak buku catatan tidak ditemukan", "No such tile"),
        "checkpoint-unknown": Title("Checkpoint tidak ditemukan", "No such checkpoint"),
        "erasure-unknown": Title("Penghapusan tidak ditemukan", "No such erasure"),
        "erased": Title("Data sudah dihapus", "The data are erased"),
        "receipt-not-yet": Title("Tanda bukti belum tersedia", "The receipt is not there yet"),
        "method-not-allowed": Title("Metode tidak dilayani", "Method not allowed"),
        "not-authenticated": Title("Pengirim tidak terbukti", "The sender is not proven"),
        "certificate-revoked": Title("Sertifikat sudah dicabut", "The certificate was revoked"),
        "certificate-expired": Title("Sertifikat kedaluwarsa", "The certificate has expired"),
        "certificate-chain-expired": Title("Sertifikat otoritas kedaluwarsa", "An authority's certificate has expired"),
        "certificate-chain-missing": Title(
            "Sertifikat tanpa rantai ke otoritas", "The certificate has no chain to an authority"
        ),
        "certificate-not-yet-valid": Title("Sertifikat belum berlaku", "The certificate is not yet valid"),
        "certificate-status-unknown": Title(
            "Status sertifikat tidak diketahui", "The status of the certificate is not known"
        ),
        "scope-missing": Title("Token tanpa cakupan ini", "The token lacks the scope"),
        "cross-origin": Title("Permintaan dari situs lain", "A request of another site"),
        "not-agreed": Title("Tidak dicakup perjanjian", "Not covered by an agreement"),
        "version-superseded": Title("Versi perjanjian sudah diganti", "The version of the agreement was superseded"),
        "version-not-yet": Title("Versi perjanjian belum berlaku", "The version of the agreement is not in force yet"),
        "version-expected": Title("Jawaban dalam versi yang lain", "The answer is in another version"),
        "malformed": Title("Pesan tidak dapat dibaca", "The message cannot be read"),
        "body-too-large": Title("Isi pesan terlalu besar", "The body is too large"),
        "body-too-slow": Title("Isi pesan datang terlalu lambat", "The body arrives too slowly"),
        "body-cut-off": Title("Isi pesan terputus", "The body was cut off"),
        "body-in-crumbs": Title("Isi pesan datang terlalu terpecah", "The body comes in too many pieces"),
        "head-too-slow": Title("Kepala pesan datang terlalu lambat", "The head arrives too slowly"),
        "head-too-large": Title("Kepala pesan terlalu besar", "The head is too large"),
        "target-too-long": Title("Alamat terlalu panjang", "The address is too long"),
        "framing-ambiguous": Title("Batas pesan tidak jelas", "The message's end is ambiguous"),
        "http-malformed": Title("Bukan HTTP yang dapat dibaca", "This HTTP cannot be read"),
        "content-encoding-refused": Title("Pengodean isi tidak diterima", "The content encoding is not taken"),
        "client-cert-untrusted": Title("Header sertifikat dari pihak lain", "A certificate header of somebody else"),
        "client-cert-malformed": Title("Header sertifikat tidak dapat dibaca", "The certificate header cannot be read"),
        "content-type-wrong": Title("Jenis isi tidak sesuai", "Wrong content type"),
        "encryption-malformed": Title("Enkripsi tidak dapat dibaca", "The encryption cannot be read"),
        "encryption-policy": Title("Cara enkripsi tidak diizinkan", "The way of encryption is not allowed"),
        "decryption-failed": Title("Isi pesan tidak dapat didekripsi", "The content cannot be decrypted"),
        "encryption-missing": Title("Pesan rahasia dikirim tanpa enkripsi", "A confidential message came in clear"),
        "element-not-agreed": Title("Elemen tidak disepakati", "The element is not the agreed one"),
        "schema-violation": Title("Melanggar skema yang disepakati", "Breaks the agreed schema"),
        "message-id-reused": Title("Nomor pesan sudah dipakai", "The message id is already used"),
        "mailbox-waits": Title("Terlalu banyak yang menunggu di kotak surat", "Too many wait at the mailbox"),
        "batch-name-used": Title("Nama berkas sudah dipakai", "The name of the batch is already used"),
        "nothing-put-aside": Title("Tidak ada baris yang ditahan", "No record is put aside"),
        "batch-period": Title("Hari-hari berkas harus disebut", "The days of the batch must be said"),
        "batch-state": Title("Berkas tidak menerima isi lagi", "The batch takes no more bytes"),
        "batches-open": Title("Terlalu banyak berkas yang belum lengkap", "Too many batches are incomplete"),
        "range-beyond": Title("Rentang di luar berkas", "The range is beyond the end"),
        "result-not-yet": Title("Hasil belum tersedia", "The result is not there yet"),
        "upload-length": Title("Panjang berkas tidak sesuai", "The length of the file is not the announced one"),
        "upload-offset": Title("Potongan tidak menyambung", "The piece does not follow the last one"),
        "upload-token-weak": Title("Token unggah terlalu pendek", "The upload token is too short"),
        "upload-token-wrong": Title("Token unggah tidak dikenal", "The upload token is not known"),
        "case-not-ended": Title("Berkas belum selesai", "The case has not ended"),
        "delivery-unfinished": Title("Masih ada kiriman", "Something is still to be sent"),
        "batch-unfinished": Title("Berkas data belum selesai", "A file of records has not ended"),
        "held-for-evidence": Title("Ditahan untuk pembuktian", "Held for evidence"),
        "permit-stands": Title("Izin masih berlaku", "The permit is in force"),
        "erasure-exists": Title("Penghapusan sudah diusulkan", "The erasure is proposed already"),
        "erasure-state": Title("Penghapusan sudah diputuskan", "The erasure is decided already"),
        "confirmation-wrong": Title("Penegasan tidak cocok", "The confirmation does not match"),
        "erasure-subject": Title("Sebutkan satu orang", "Say whose data"),
        "dossier-unknown": Title("Tidak ada data atas nomor ini", "Nothing is kept under this number"),
        "reason-names-person": Title("Alasan menyebut orangnya", "The reason names the person"),
        "list-unreadable": Title("Daftar tidak dapat dibaca", "The list cannot be read"),
        "list-too-long": Title("Daftar terlalu panjang", "The list is too long"),
        "list-too-wide": Title("Terlalu banyak pesan dalam masa itu", "Too many messages in this period"),
        "period-wrong": Title("Masa tidak dapat dipakai", "The period cannot be used"),
        "reconciliation-unknown": Title("Rekonsiliasi tidak ditemukan", "No such reconciliation"),
        "reconciliation-broken-off": Title("Rekonsiliasi terputus", "The reconciliation was broken off"),
        "batch-unknown": Title("Berkas rekaman tidak ditemukan", "No such file of records"),
        "batch-not-ended": Title("Berkas rekaman belum selesai", "The file of records has not ended"),
        "result-gone": Title("Hasil tidak lagi disimpan", "The result is not kept"),
        "own-list": Title("Harus diselesaikan petugas lain", "Another officer settles it"),
        "no-difference": Title("Bukan perbedaan", "This is no difference"),
        "settled-already": Title("Sudah diselesaikan", "It is settled already"),
        "reason-wrong": Title("Alasan tidak dapat dipakai", "The reason cannot be used"),
        "case-refused": Title("Tidak diizinkan oleh berkas izin", "The permit case does not allow it"),
        "tampered": Title("Bukti tidak cocok", "Evidence does not match"),
        "ledger-broken": Title("Buku catatan rusak", "The ledger is broken"),
        "misconfigured": Title("Hub belum diatur dengan benar", "The hub is not configured correctly"),
    }
)


def title_of(error: GatewayError) -> Title:
    """The title of the error's code, or of the nearest kind of error that has one."""
    codes = [error.code, *(kind.default_code for kind in type(error).__mro__ if issubclass(kind, GatewayError))]
    return next(TITLES[code] for code in codes if code in TITLES)


def title_of_code(code: str, *, sender: bool) -> Title:
    """The title of a code whose error is not at hand; unknown codes go by whose fault it is."""
    fallback = Refused if sender else Retriable
    return TITLES.get(code) or TITLES[fallback.default_code]
