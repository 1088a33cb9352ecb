"""What the findings of a diagnosis are called, in Indonesian and in English: the first line of each.

A recognised mistake has a title of its own, any other finding that of its step. What came and what to do follow in
English.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.domain.titles import Title
from gateway.edge.http import language_of
from gateway.trust.diagnosis import Finding, Mistake, Step

STEP_TITLES: Mapping[Step, Title] = MappingProxyType(
    {
        Step.SHAPE: Title("Bentuk pesan tidak sesuai", "The form of the message is wrong"),
        Step.HEADER: Title("Tanda tangan tidak lengkap", "The signature is not complete"),
        Step.ALGORITHM: Title("Algoritma tidak sesuai", "The algorithm is wrong"),
        Step.CERTIFICATE: Title("Sertifikat tidak dapat dipakai", "The certificate cannot be used"),
        Step.PARTS: Title("Bagian yang ditandatangani tidak sesuai", "The parts that are signed are wrong"),
        Step.DIGEST: Title("Digest tidak cocok", "The digest differs"),
        Step.SIGNATURE: Title("Tanda tangan tidak cocok", "The signature does not fit"),
        Step.CLAIMS: Title("Isi kepala JWS tidak sesuai", "The members of the JWS header are wrong"),
        Step.CLOCK: Title("Waktu tidak sesuai", "The time is wrong"),
    }
)

MISTAKE_TITLES: Mapping[Mistake, Title] = MappingProxyType(
    {
        Mistake.INCLUSIVE_FORM: Title("Bentuk kanonik inklusif dipakai", "Inclusive canonical form used"),
        Mistake.EXCLUSIVE_FORM: Title("Nama bentuk kanonik keliru", "Canonical form named wrongly"),
        Mistake.COMMENTS: Title("Komentar ikut ditandatangani", "Comments were signed"),
        Mistake.INSTRUCTIONS: Title("Instruksi pemrosesan ikut ditandatangani", "Processing instructions were signed"),
        Mistake.PREFIX_LIST: Title("PrefixList berbeda", "Another PrefixList used"),
        Mistake.DEFAULT_PREFIX: Title("#default dalam PrefixList", "#default in the PrefixList"),
        Mistake.NAMESPACES_ADDED: Title("Deklarasi namespace ditambah kemudian", "Namespaces declared afterwards"),
        Mistake.PREFIXES_REWRITTEN: Title("Awalan namespace diubah kemudian", "Prefixes rewritten afterwards"),
        Mistake.ID_ADDED: Title("wsu:Id ditambah kemudian", "wsu:Id added afterwards"),
        Mistake.SPACE_ADDED: Title("Spasi ditambah setelah ditandatangani", "White space added after signing"),
        Mistake.SPACE_REMOVED: Title("Spasi dibuang setelah ditandatangani", "White space removed after signing"),
        Mistake.TEXT_TRIMMED: Title("Teks dipangkas", "Texts trimmed"),
        Mistake.LINE_ENDS: Title("Akhir baris diubah", "Line ends rewritten"),
        Mistake.FINAL_NEWLINE: Title("Akhir baris terakhir berbeda", "The final line end differs"),
        Mistake.DECLARATION: Title("Deklarasi XML ikut ditandatangani", "The XML declaration was signed"),
        Mistake.BYTE_ORDER_MARK: Title("Tanda urutan bita (BOM)", "Byte order mark (BOM)"),
        Mistake.CONTENT_ONLY: Title("Hanya isi elemen ditandatangani", "Only the content was signed"),
        Mistake.WHOLE_ENVELOPE: Title("Seluruh amplop ditandatangani", "The whole envelope was signed"),
        Mistake.NOT_CANONICAL: Title("Tanpa bentuk kanonik", "Not canonicalized"),
        Mistake.UNICODE_FORM: Title("Normalisasi Unicode berbeda", "Another Unicode normalisation"),
        Mistake.OTHER_ENCODING: Title("Pengodean huruf berbeda", "Another character encoding"),
        Mistake.BODY_REWRITTEN: Title("Isi JSON ditulis ulang", "The JSON body was written anew"),
        Mistake.BODY_CANONICALIZED: Title("Isi JSON dikanonikkan", "The JSON body was canonicalized"),
        Mistake.OTHER_HASH: Title("Fungsi hash berbeda", "Another hash used"),
        Mistake.HEX: Title("Nilai ditulis heksadesimal", "Value in hexadecimal"),
        Mistake.BASE64_TWICE: Title("Base64 dua kali", "Base64 twice"),
        Mistake.HASHED_TWICE: Title("Di-hash dua kali", "Hashed twice"),
        Mistake.BARE_HASH: Title("Hash tanpa DigestInfo", "Bare hash without DigestInfo"),
        Mistake.PSS: Title("Padding PSS dipakai", "PSS padding used"),
        Mistake.PKCS1: Title("Padding PKCS#1 v1.5 dipakai", "PKCS#1 v1.5 padding used"),
        Mistake.ECDSA_DER: Title("Tanda tangan ECDSA berbentuk DER", "ECDSA signature in DER form"),
        Mistake.OTHER_KEY: Title("Kunci sertifikat lain dipakai", "The key of another certificate used"),
        Mistake.EMBEDDED_KEY: Title("Kunci dalam pesan tidak terdaftar", "The key in the message is not registered"),
        Mistake.KEY_INFO: Title("Sertifikat ditunjuk dengan cara lain", "The certificate is named in another way"),
        Mistake.ID_ATTRIBUTE: Title("Atribut Id, bukan wsu:Id", "An Id attribute and not wsu:Id"),
        Mistake.ALGORITHM: Title("Algoritma ditolak", "Algorithm refused"),
        Mistake.ALGORITHM_OF_OTHER_KEY: Title("Algoritma bukan untuk kunci ini", "Algorithm of another kind of key"),
        Mistake.BASE64_PADDING: Title("Base64url dengan padding", "Base64url with padding"),
        Mistake.BASE64_ALPHABET: Title("Base64 biasa, bukan base64url", "Base64 and not base64url"),
        Mistake.ATTACHED: Title("Isi ikut dalam JWS", "Payload attached"),
        Mistake.JSON_FORM: Title("JWS berbentuk JSON", "JWS in JSON serialization"),
        Mistake.UNENCODED: Title("Isi tidak dikodekan base64url", "Payload not encoded"),
        Mistake.PAYLOAD_ENCODING: Title("Isi dikodekan base64 biasa", "Payload in ordinary base64"),
        Mistake.PAYLOAD_DIGEST: Title("Digest isi yang ditandatangani", "The digest of the body was signed"),
        Mistake.PAYLOAD_EMPTY: Title("Isi kosong yang ditandatangani", "An empty payload was signed"),
        Mistake.HEADER_REWRITTEN: Title("Kepala JWS ditulis ulang", "The JWS header was written anew"),
        Mistake.THUMBPRINT_SHA1: Title("Sidik jari SHA-1", "SHA-1 thumbprint"),
        Mistake.THUMBPRINT_HEX: Title("Sidik jari heksadesimal", "Thumbprint in hexadecimal"),
        Mistake.THUMBPRINT_OF_PEM: Title("Sidik jari atas teks PEM", "Thumbprint over the PEM text"),
        Mistake.THUMBPRINT_OF_KEY: Title("Sidik jari atas kunci publik", "Thumbprint over the public key"),
        Mistake.THUMBPRINT_MISSING: Title("x5t#S256 tidak ada", "x5t#S256 is missing"),
        Mistake.TIME_UNIT: Title("Waktu dalam milidetik", "Time in milliseconds"),
        Mistake.LOCAL_TIME: Title("Waktu setempat, bukan UTC", "Local time and not UTC"),
        Mistake.CLOCK_WRONG: Title("Jam pengirim meleset", "The sender's clock is off"),
    }
)


def finding_title(finding: Finding) -> Title:
    """The title of a finding that failed."""
    return MISTAKE_TITLES[finding.mistake] if finding.mistake else STEP_TITLES[finding.step]


def headline(finding: Finding, headers: Mapping[str, str]) -> str:
    """The title of a finding, in the language that the headers of a request ask for."""
    return finding_title(finding).in_language(language_of(headers))
