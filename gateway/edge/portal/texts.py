"""The words of the check page, in the office's languages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.domain.titles import Language

TEXTS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        Language.INDONESIAN: {
            "title": "Periksa izin",
            "office": "DPM-PTSP Kota Mojokerto",
            "skip": "Langsung ke hasil",
            "intro": "Ketik nomor izin seperti tertulis pada dokumen, atau pindai kode QR-nya.",
            "number": "Nomor izin",
            "example": "Contoh: 001/PBG/III/2026",
            "check": "Periksa",
            "another": "Periksa nomor lain",
            "empty": "Isi nomor izin terlebih dahulu.",
            "valid": "Izin ini berlaku",
            "suspended": "Izin ini berlaku, penyerahannya ditangguhkan",
            "suspended-why": "Proses menunggu survei kepuasan diisi pemohon (Pasal 17 ayat 4).",
            "revoked": "Izin ini telah dicabut",
            "revoked-why": "Nomor ini pernah berlaku dan sekarang tidak berlaku lagi.",
            "unknown": "Nomor ini tidak dikenal",
            "unknown-why": (
                "Tidak ada izin yang berlaku dengan nomor ini di SIMOJO. Bandingkan dengan dokumen huruf demi huruf. "
                "Bila sama, tanyakan kepada DPM-PTSP Kota Mojokerto sebelum mempercayai dokumen itu."
            ),
            "erased": "Data izin ini dihapus atas permintaan",
            "erased-why": (
                "Nomor ini pernah dikeluarkan kantor ini. Datanya sudah dihapus menurut UU 27/2022, jadi isi dokumen "
                "tidak dapat diperiksa lagi. Tanyakan kepada DPM-PTSP Kota Mojokerto."
            ),
            "not-in-force": "Izin ini tidak berlaku",
            "not-in-force-why": (
                "Kode QR-nya memang dari kantor ini, tetapi nomor ini belum atau tidak pernah diberlakukan, atau "
                "datanya sudah dihapus. Tanyakan kepada DPM-PTSP Kota Mojokerto."
            ),
            "forged": "Kode QR ini bukan dari kantor kami",
            "forged-why": (
                "Tanda tangan di dalam kode QR tidak cocok. Dokumen ini mungkin palsu: jangan dipercaya, dan "
                "laporkan. Yang tersimpan untuk nomor itu:"
            ),
            "forged-nothing": (
                "Tanda tangan di dalam kode QR tidak cocok, dan nomornya tidak dikenal. Jangan dipercaya, dan laporkan."
            ),
            "other-permit": "Kode QR ini milik izin lain",
            "other-permit-why": "Keterangan di dalamnya ditandatangani untuk izin nomor",
            "code-genuine": (
                "Kode QR asli: keterangannya ditandatangani kantor ini untuk nomor ini. Kode dapat disalin ke kertas "
                "lain, jadi bandingkan isinya."
            ),
            "code-none": (
                "Diperiksa menurut nomor saja. Dokumen lama tidak membawa tanda tangan dalam kodenya: bandingkan isi."
            ),
            "code-left-out": (
                "Diperiksa menurut nomor saja. Dokumen asli izin ini membawa tanda tangan dalam kode QR-nya: pindai "
                "kode itu untuk memeriksanya. Kode QR tanpa tanda tangan bukan dari dokumen asli."
            ),
            "code-unjudged": (
                "Tanda tangan kode QR ini belum dapat diperiksa: kunci yang disebutnya tidak terpasang di sini, dan "
                "mungkin kunci lama kantor ini. Itu bukan bukti asli maupun palsu. Bandingkan isinya, dan tanyakan "
                "kepada DPM-PTSP Kota Mojokerto."
            ),
            "holder-unjudged": (
                "Keterangannya ditandatangani dengan kunci lama kantor ini, jadi nama pemegang di dalamnya tidak "
                "diperiksa: bandingkan nama itu di bawah."
            ),
            "code-incomplete": "Alamat dari kode QR terpotong, jadi diperiksa menurut nomor saja. Pindai sekali lagi.",
            "code-differs": "Keterangan dalam kode QR berbeda dengan data tersimpan pada:",
            "facts": "Yang tersimpan di SIMOJO",
            "standing": "Keadaan",
            "standing-valid": "berlaku",
            "standing-suspended": "berlaku, penyerahannya ditangguhkan",
            "standing-revoked": "telah dicabut",
            "service": "Jenis izin",
            "day": "Tanggal dokumen",
            "since": "Berlaku sejak",
            "until": "Berlaku sampai",
            "until-stored": "tanpa tanggal akhir; berlaku sampai dicabut",
            "district": "Kecamatan",
            "holder": "Pemegang izin",
            "holder-note": "disamarkan",
            "location": "Alamat lokasi",
            "checked": "Diperiksa",
            "prevails": (
                "Bila isi cetakan berbeda dengan data ini, data yang tersimpan dalam SIMOJO yang dianggap benar "
                "(Pasal 22 ayat 5 Peraturan Walikota Mojokerto Nomor 18 Tahun 2020)."
            ),
            "compare": "Apa yang tertulis pada kertas Anda?",
            "compare-how": (
                "Isi yang ingin dibandingkan, seperti tertulis. Huruf besar, spasi, gelar, dan cara menulis tanggal "
                "tidak berpengaruh. Kami hanya menjawab sama atau berbeda; isian Anda tidak disimpan."
            ),
            "optional": "boleh kosong",
            "day-hint": "misalnya 2 Maret 2026 atau 02-03-2026",
            "compare-do": "Bandingkan",
            "compared": "Hasil perbandingan",
            "all-same": "Semua yang Anda isi sama dengan data SIMOJO",
            "some-differ": "Ada yang berbeda dengan data SIMOJO",
            "not-all-read": "Ada yang tidak dapat dibaca",
            "nothing-filled": "Isi sedikitnya satu kolom untuk dibandingkan.",
            "same": "sama",
            "differs": "berbeda",
            "unreadable": "tanggal tidak terbaca; tulis misalnya 2 Maret 2026",
            "report": (
                "Laporkan perbedaan ini kepada DPM-PTSP Kota Mojokerto, di loket pengaduan atau loket pelayanan, "
                "dengan membawa dokumennya."
            ),
            "file": "Periksa berkas PDF",
            "file-how": (
                "Pilih berkas izin yang Anda terima (PDF, paling besar 4 MB). Berkas diperiksa lalu dibuang; "
                "tidak disimpan dan tidak dikirim ke mana pun."
            ),
            "file-label": "Berkas PDF",
            "file-do": "Periksa berkas",
            "file-result": "Hasil pemeriksaan berkas",
            "no-file": "Pilih berkas PDF terlebih dahulu.",
            "stored": "Berkas ini asli",
            "stored-why": "Sama dengan berkas bertanda tangan yang tersimpan di SIMOJO, sampai bita terakhir.",
            "draft": "Ini rancangan yang belum ditandatangani",
            "draft-why": "Isinya sama dengan dokumen sebelum ditandatangani. Mintalah berkas yang bertanda tangan.",
            "no-pdf": "Ini bukan berkas PDF",
            "no-pdf-why": "Foto atau pindaian kertas tidak dapat diperiksa begini: bandingkan tulisannya di bawah.",
            "unreadable-file": "Berkas ini tidak dapat dibaca",
            "unreadable-file-why": ("PDF-nya rusak atau tidak lazim. Berkas ini bukan yang tersimpan untuk nomor ini."),
            "unsigned": "Berkas ini tidak bertanda tangan",
            "unsigned-why": (
                "Berkas ini bukan yang tersimpan untuk nomor ini, dan tidak ada tanda tangan elektronik di dalamnya. "
                "Hasil cetak atau pindaian memang tidak membawanya: bandingkan tulisannya di bawah."
            ),
            "other": "Berkas ini bukan yang tersimpan untuk nomor ini",
            "other-why": "Inilah tanda tangan elektronik di dalamnya:",
            "signed-by": "Ditandatangani oleh",
            "signed-at": "pada (menurut penanda tangan)",
            "no-time": "tanpa waktu",
            "intact": "Isi yang ditandatangani utuh.",
            "not-intact": "Tanda tangan rusak: isinya diubah sesudah ditandatangani.",
            "whole": "Tanda tangan mencakup seluruh berkas.",
            "not-whole": "Sesudah tanda tangan ini ada yang ditambahkan.",
            "by-office": "Sertifikatnya milik kantor ini.",
            "by-authority": "Sertifikatnya diterbitkan otoritas yang dipercaya kantor ini.",
            "by-nobody": "Sertifikatnya tidak dikenal: tanda tangan ini tidak membuktikan apa-apa.",
            "digest": "Sidik berkas (SHA-256)",
            "wait": "Terlalu sering dicoba",
            "wait-why": (
                "Pembandingan dibatasi supaya data orang tidak dapat ditebak-tebak. Data di bawah tetap dapat dibaca. "
                "Coba lagi nanti, atau datang ke loket DPM-PTSP Kota Mojokerto. Dapat dicoba lagi sesudah:"
            ),
            "busy": "Berkas lain sedang diperiksa",
            "busy-why": "Kirim lagi sebentar lagi.",
            "too-large": "Berkas terlalu besar",
            "too-large-why": "Paling besar 4 MB. Kirim berkas izin yang asli, bukan pindaiannya.",
            "bad-form": "Isian tidak dapat dibaca",
            "bad-form-why": "Buka halaman ini lagi dan kirim sekali lagi.",
            "wib": "WIB",
            "hours": "jam",
            "minutes": "menit",
        },
        Language.ENGLISH: {
            "title": "Check a permit",
            "office": "DPM-PTSP Kota Mojokerto",
            "skip": "Skip to the result",
            "intro": "Type the permit number as the document has it, or scan its QR code.",
            "number": "Permit number",
            "example": "Example: 001/PBG/III/2026",
            "check": "Check",
            "another": "Check another number",
            "empty": "Type a permit number first.",
            "valid": "This permit is valid",
            "suspended": "This permit is valid, its hand-over is suspended",
            "suspended-why": "The process waits for the applicant's survey (Pasal 17(4)).",
            "revoked": "This permit was revoked",
            "revoked-why": "This number was in force once and is not any more.",
            "unknown": "This number is not known",
            "unknown-why": (
                "SIMOJO has no permit in force under this number. Compare it with the document letter by letter. If it "
                "is the same, ask DPM-PTSP Kota Mojokerto before you trust the document."
            ),
            "erased": "The data of this permit were erased on request",
            "erased-why": (
                "This office once gave out this number. Its data were erased under Law 27/2022, so what a document "
                "says can be checked no more. Ask DPM-PTSP Kota Mojokerto."
            ),
            "not-in-force": "This permit is not in force",
            "not-in-force-why": (
                "Its QR code is this office's, but the number is not in force yet, never was, or its data were erased. "
                "Ask DPM-PTSP Kota Mojokerto."
            ),
            "forged": "This QR code is not ours",
            "forged-why": (
                "The signature in the QR code does not fit. The document may be forged: do not trust it, report it. "
                "This is stored under that number:"
            ),
            "forged-nothing": (
                "The signature in the QR code does not fit, and the number is not known. Do not trust it; report it."
            ),
            "other-permit": "This QR code is another permit's",
            "other-permit-why": "The statement in it was signed for permit number",
            "code-genuine": (
                "The QR code is genuine: this office signed its statement for this number. A code can be copied onto "
                "another paper, so compare what it says."
            ),
            "code-none": ("Checked by number alone. Older documents carry no signed statement; compare what they say."),
            "code-left-out": (
                "Checked by number alone. The genuine document of this permit carries a signed statement in its QR "
                "code: scan that code to check it. A QR code without a statement is not from the genuine document."
            ),
            "code-unjudged": (
                "The signature of this QR code cannot be checked yet: the key that it names is not set up here, and "
                "may be an earlier key of this office. That proves it neither genuine nor forged. Compare what it "
                "says, and ask DPM-PTSP Kota Mojokerto."
            ),
            "holder-unjudged": (
                "It was signed with an earlier key of this office, so the holder's name in it was not checked: compare "
                "that name below."
            ),
            "code-incomplete": "The address of the QR code is cut off, so the number alone was checked. Scan it again.",
            "code-differs": "The statement in the QR code differs from the stored data in:",
            "facts": "Stored in SIMOJO",
            "standing": "Standing",
            "standing-valid": "valid",
            "standing-suspended": "valid, hand-over suspended",
            "standing-revoked": "revoked",
            "service": "Kind of permit",
            "day": "Date of the document",
            "since": "In force since",
            "until": "Valid until",
            "until-stored": "no end date; valid until revoked",
            "district": "District (kecamatan)",
            "holder": "Permit holder",
            "holder-note": "masked",
            "location": "Address of the location",
            "checked": "Checked",
            "prevails": (
                "Where the paper differs from these data, the data stored in SIMOJO are deemed correct "
                "(Pasal 22(5), Peraturan Walikota Mojokerto No. 18 of 2020)."
            ),
            "compare": "What does your paper say?",
            "compare-how": (
                "Fill in what you want to compare, as it is written. Capitals, spaces, titles and the form of a date "
                "do not matter. We answer same or different alone; what you type is not kept."
            ),
            "optional": "may be empty",
            "day-hint": "such as 2 Maret 2026 or 02-03-2026 (day first)",
            "compare-do": "Compare",
            "compared": "Result of the comparison",
            "all-same": "All that you filled in is the same in SIMOJO",
            "some-differ": "Something differs from SIMOJO's data",
            "not-all-read": "Something could not be read",
            "nothing-filled": "Fill in at least one field to compare.",
            "same": "same",
            "differs": "different",
            "unreadable": "not readable as a date; write for example 2 March 2026",
            "report": (
                "Report the difference to DPM-PTSP Kota Mojokerto, at its complaints desk or service counter; bring "
                "the document."
            ),
            "file": "Check a PDF file",
            "file-how": (
                "Choose the permit file that you were given (PDF, at most 4 MB). It is checked and thrown away: not "
                "kept, and sent nowhere."
            ),
            "file-label": "PDF file",
            "file-do": "Check the file",
            "file-result": "Result for the file",
            "no-file": "Choose a PDF file first.",
            "stored": "This file is genuine",
            "stored-why": "It is the signed file that SIMOJO stores, to the last byte.",
            "draft": "This is a draft that was not signed yet",
            "draft-why": "It is the document before it was signed. Ask for the signed file.",
            "no-pdf": "This is no PDF file",
            "no-pdf-why": "A photograph or scan of paper cannot be checked this way: compare its words below.",
            "unreadable-file": "This file cannot be read",
            "unreadable-file-why": "The PDF is damaged or unusual. It is not the one stored under this number.",
            "unsigned": "This file is not signed",
            "unsigned-why": (
                "It is not the file stored under this number, and there is no electronic signature in it. A print or "
                "scan has none: compare its words below."
            ),
            "other": "This is not the file stored under this number",
            "other-why": "These are the electronic signatures in it:",
            "signed-by": "Signed by",
            "signed-at": "at (as the signer says)",
            "no-time": "no time",
            "intact": "What was signed is unchanged.",
            "not-intact": "The signature is broken: the content was changed after it was signed.",
            "whole": "The signature covers the whole file.",
            "not-whole": "Something was added after this signature.",
            "by-office": "Its certificate is this office's.",
            "by-authority": "Its certificate was issued by an authority that this office trusts.",
            "by-nobody": "Its certificate is not known: this signature proves nothing.",
            "digest": "Digest of the file (SHA-256)",
            "wait": "Tried too often",
            "wait-why": (
                "Comparisons are limited, so that nobody's data can be guessed. The data below can still be read. Try "
                "again later, or come to the counter of DPM-PTSP Kota Mojokerto. It can be tried again after:"
            ),
            "busy": "Another file is being checked",
            "busy-why": "Send yours again in a moment.",
            "too-large": "The file is too large",
            "too-large-why": "4 MB at most. Send the permit's own file, not a scan of it.",
            "bad-form": "The form cannot be read",
            "bad-form-why": "Open this page again and send it once more.",
            "wib": "WIB (UTC+7)",
            "hours": "hours",
            "minutes": "minutes",
        },
    }
)
