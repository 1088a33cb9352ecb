"""Indonesian words of the evidence page. What has none is shown by its stable name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PROOFS: Mapping[str, str] = MappingProxyType(
    {
        "wss-x509": "Setiap pesan ditandatangani dengan XML Signature (WS-Security, X.509). Tanda tangan atas "
        "isi, cap waktu dan alamat diperiksa terhadap sertifikat instansi yang terdaftar sebelum pesan diterima.",
        "jws": "Setiap pesan ditandatangani dengan JWS terlepas (RFC 7515) pada kepala X-JWS-Signature, diperiksa "
        "terhadap sertifikat instansi yang terdaftar sebelum pesan diterima.",
        "snap-bi": "Setiap pesan membawa tanda tangan SNAP BI (X-SIGNATURE) atas isi dan waktunya, diperiksa sebelum "
        "pesan diterima.",
        "oss-token": "Pengirim dikenali dari token OSS yang dibuat dari kata sandi bersama. Tidak ada tanda tangan "
        "digital pengirim; isi pesan dibuktikan oleh buku catatan SIMOJO.",
        "snap-bi-asymmetric": "Setiap pesan membawa tanda tangan digital SNAP BI (X-SIGNATURE, RSA) atas isinya, "
        "diperiksa sebelum pesan diterima.",
        "oss-key": "Pihak dikenali dari kunci OSS (user_key) melalui TLS. Tidak ada tanda tangan digital; isi pesan "
        "dibuktikan oleh buku catatan SIMOJO.",
        "sms-key": "Pihak dikenali dari kunci bersama melalui TLS. Tidak ada tanda tangan digital; isinya dibuktikan "
        "oleh buku catatan SIMOJO.",
        "basic": "Pihak dikenali dari nama pengguna dan kata sandi melalui TLS. Tidak ada tanda tangan digital; isi "
        "pesan dibuktikan oleh buku catatan SIMOJO.",
    }
)
VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "accepted": "diterima",
        "refused": "ditolak",
        "answered": "dijawab",
        "awaiting": "menunggu jawaban",
        "dead": "dihentikan",
        "cancelled": "dibatalkan",
        "sending": "sedang dikirim",
        "queued": "menunggu dikirim",
        "unknown": "belum pasti sampai",
        "not-sent": "tidak terkirim",
        "laid-down": "menunggu diambil",
        "collected": "sudah diambil",
    }
)
OUTCOMES: Mapping[str, str] = MappingProxyType({**VERDICTS, "": "belum berakhir"})
CONTENT: Mapping[str, str] = MappingProxyType(
    {"request": "Permintaan", "answer": "Jawaban", "sent": "Dikirim, percobaan", "reply": "Balasan atas percobaan"}
)
FACTS: Mapping[str, str] = MappingProxyType(
    {
        "ApplicationRegistered": "permohonan didaftarkan",
        "ApplicationCompleted": "berkas dinyatakan lengkap",
        "ApplicationCorrected": "permohonan diperbaiki",
        "ApplicationApproved": "permohonan disetujui",
        "ApplicationRejected": "permohonan ditolak",
        "ApplicationWithdrawn": "permohonan ditarik",
        "ApprovedByFiction": "dianggap disetujui karena lewat waktu",
        "AdministrationVerified": "administrasi diverifikasi",
        "AdministrationValidated": "administrasi divalidasi",
        "AdministrationReturned": "berkas dikembalikan",
        "ResidentVerified": "data kependudukan cocok",
        "ResidentRefuted": "data kependudukan tidak cocok",
        "TaxStatusConfirmed": "status pajak dikonfirmasi",
        "TaxStatusDoubtful": "status pajak meragukan",
        "BusinessConfirmed": "data usaha dikonfirmasi",
        "BusinessDoubtful": "data usaha meragukan",
        "RecommendationGiven": "pertimbangan teknis diberikan",
        "ChargeIssued": "SKRD diterbitkan",
        "ChargeLapsed": "SKRD lewat waktu",
        "PaymentReceived": "pembayaran diterima",
        "NoticeReceived": "pemberitahuan diterima pemohon",
        "NumberReserved": "nomor izin disiapkan",
        "NumberActivated": "nomor izin berlaku",
        "DocumentPrepared": "dokumen disiapkan",
        "DocumentSigned": "dokumen ditandatangani",
        "DocumentPrinted": "dokumen dicetak",
        "DocumentHandedOver": "dokumen diserahkan",
        "SurveyCompleted": "survei kepuasan diisi",
        "PermitRevoked": "izin dicabut",
        "AttentionRaised": "perlu perhatian petugas",
        "AttentionSettled": "perhatian petugas selesai",
        "ServiceClockPaused": "jam layanan dihentikan",
        "ServiceClockResumed": "jam layanan dilanjutkan",
    }
)
