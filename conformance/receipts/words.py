"""The words of `saying`, by language: sentences, kinds of leaves, and what each damage means."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.receipts import damage

WORDS: Mapping[str, Mapping[str, str]] = {
    "id": {
        "proven": "TERBUKTI: pertukaran {exchange} tercatat di buku besar {origin}.",
        "consistent": "BELUM TERBUKTI: tanda bukti ini utuh dan cocok dengan dirinya sendiri, tetapi"
        " kuncinya belum dipastikan.",
        "damaged": "TIDAK TERBUKTI: tanda bukti ini tidak membuktikan apa pun.",
        "differs": "TIDAK COCOK: yang Anda berikan berbeda dengan tanda bukti ini.",
        "is": "Yang terbukti",
        "would": "Yang terbukti bila kuncinya memang kunci buku besar itu",
        "not": "Yang tidak terbukti",
        "why": "Sebabnya",
        "leaf": "Entri nomor {index}: {kind}, {at}.",
        "tree": "Entri itu ada di pohon Merkle berisi {size} entri, yang akarnya ({root}) ditandatangani.",
        "opened": "Berkas untuk bagian {part} sama byte demi byte dengan yang dicatat.",
        "certificate-same": "Sertifikat hub di dalamnya sama dengan yang Anda berikan.",
        "key": "Siapa yang menandatangani: kunci {verifier} hanya diambil dari tanda bukti ini. Bandingkan dengan kunci"
        " yang Anda terima dari DPM-PTSP, misalnya di perjanjian, lalu beri dengan --key.",
        "other-key": "PERHATIAN: berkas ini menyebut kunci {named}, dan yang menilainya adalah kunci Anda, {verifier}."
        " Itu wajar selama kunci buku besar diganti; selain itu, sebutan dalam berkas itu telah diubah.",
        "closed": "Isi bagian {parts}: berkasnya tidak diberikan (--part nama=BERKAS).",
        "sealed": "Isi bagian {parts}: tanda bukti ini tidak membawa pembukanya (salt), misalnya karena"
        " datanya sudah dihapus.",
        "certificate": "Sertifikat hub yang ikut dibawa ({subject}, SHA-256 {sha256}, {valid}): tanda bukti ini"
        " tidak menjaminnya, jadi perubahan di dalamnya belum tentu tampak (bandingkan dengan --certificate), dan tanda"
        " tangan pada jawaban tidak diperiksa di sini.",
        "clock": "Ketepatan waktu: waktunya menurut jam hub.",
        "fork": "Bahwa semua pihak melihat buku besar yang sama: itu dijaga saksi (witness) dengan bukti konsistensi.",
        "witness": "Saksi {name} ikut menandatangani pernyataan itu ({at} menurut jam saksi): sejauh yang dilihatnya,"
        " buku besar ini hanya bertambah.",
        "stamp": "Otoritas cap waktu menyatakan pernyataan itu sudah ada pada {at} (RFC 3161).",
        "cosigned": "Ikut ditandatangani oleh {name} ({at}): tidak dinilai, kuncinya tidak diberikan (--witness).",
        "stamped": "Cap waktu RFC 3161 ({at}): tidak dinilai, sertifikat otoritasnya tidak diberikan (--tsa).",
        "no-time": "tanpa waktu yang terbaca",
        "detail": "Rincian untuk teknisi: {detail}",
    },
    "en": {
        "proven": "PROVEN: exchange {exchange} is recorded in the ledger {origin}.",
        "consistent": "NOT PROVEN YET: this receipt is whole and agrees with itself, but its key is not confirmed.",
        "damaged": "NOT PROVEN: this receipt proves nothing.",
        "differs": "NO MATCH: what you gave differs from this receipt.",
        "is": "What is proven",
        "would": "What is proven if the key is indeed that ledger's",
        "not": "What is not proven",
        "why": "Why",
        "leaf": "Entry number {index}: {kind}, {at}.",
        "tree": "The entry is in a Merkle tree of {size} entries, whose root ({root}) is signed.",
        "opened": "The file for part {part} is byte for byte what was recorded.",
        "certificate-same": "The hub's certificate in it is the one that you gave.",
        "key": "Who signed: the key {verifier} was taken from this receipt alone. Compare it with the one that you got"
        " from DPM-PTSP, as in the agreement, and give that with --key.",
        "other-key": "NOTE: this file names the key {named}, and it was judged by your key, {verifier}. That is so"
        " while the ledger's key is rolled over; else that word of the file was changed.",
        "closed": "The content of {parts}: the file was not given (--part name=FILE).",
        "sealed": "The content of {parts}: this receipt has no salt to open it, as when the data were erased.",
        "certificate": "The hub's certificate that travels along ({subject}, SHA-256 {sha256}, {valid}): this receipt"
        " does not vouch for it, so a change in it need not show (compare it with --certificate), and the answer's own"
        " signature is not checked here.",
        "clock": "That the times are exact: they are by the hub's clock.",
        "fork": "That everybody sees the same ledger: witnesses guard that, with consistency proofs.",
        "witness": "The witness {name} co-signed that statement ({at} by its own clock): as far as it saw, this ledger"
        " has only grown.",
        "stamp": "A timestamp authority states that the statement was there at {at} (RFC 3161).",
        "cosigned": "Co-signed by {name} ({at}): not judged, no key given (--witness).",
        "stamped": "An RFC 3161 timestamp ({at}): not judged, no certificate of its authority given (--tsa).",
        "no-time": "no readable time",
        "detail": "Detail for technicians: {detail}",
    },
}

KINDS: Mapping[str, Mapping[str, str]] = {
    "id": {
        "accepted": "pesan diterima",
        "answered": "jawaban dikirim",
        "refused": "pesan ditolak",
        "sent": "pesan dikirim ke instansi",
        "reply": "balasan instansi diterima",
        "dead": "pengiriman dihentikan dan menunggu petugas",
    },
    "en": {
        "accepted": "message accepted",
        "answered": "answer sent",
        "refused": "message refused",
        "sent": "message sent to the agency",
        "reply": "the agency's reply received",
        "dead": "delivery given up, waits for a person",
    },
}

DAMAGE: Mapping[str, Mapping[str, str]] = {
    "id": {
        damage.MALFORMED: "Berkas ini bukan tanda bukti SIMOJO yang utuh. Ambil lagi berkas aslinya; jangan disunting"
        " atau disimpan ulang dengan program lain.",
        damage.VERIFIER_KEY: "Kuncinya bukan kunci yang Anda percayai, atau tidak terbaca. Pastikan kunci itu lewat"
        " jalur lain; bila benar-benar berbeda, tanda bukti ini bukan dari buku besar itu.",
        damage.CHECKPOINT_MALFORMED: "Pernyataan bertanda tangan (checkpoint) di dalamnya rusak.",
        damage.CHECKPOINT_SIGNATURE: "Tanda tangan buku besar tidak cocok: pernyataannya diubah, atau ditandatangani"
        " kunci lain.",
        damage.ORIGIN: "Pernyataannya dibuat untuk buku besar lain.",
        damage.LEAF: "Sebuah entri diubah: bentuknya bukan lagi yang ditulis hub.",
        damage.INCLUSION: "Sebuah entri tidak ada di buku besar yang ditandatangani: entri, nomor atau jalurnya"
        " diubah.",
        damage.PART_DIFFERS: "Berkas yang diberikan berbeda dengan yang dicatat. Gunakan byte persis seperti yang"
        " dikirim atau diterima.",
        damage.PART_MISSING: "Bagian itu tidak dapat dibuka dengan tanda bukti ini.",
        damage.CERTIFICATE_DIFFERS: "Sertifikat hub di dalamnya bukan sertifikat yang Anda berikan.",
        damage.COSIGNATURE: "Tanda tangan seorang saksi tidak cocok: pernyataannya atau baris saksi itu diubah.",
        damage.WITNESS_MISSING: "Saksi yang Anda minta belum ikut menandatangani. Ambil lagi tanda bukti itu nanti;"
        " bila tetap begitu, tanyakan kepada saksi dan DPM-PTSP.",
        damage.TIMESTAMP: "Cap waktunya tidak dapat dipastikan: rusak, untuk pernyataan lain, atau dari otoritas lain.",
    },
    "en": {
        damage.MALFORMED: "This file is no whole SIMOJO receipt. Fetch the original again; do not edit it or save it"
        " anew with another program.",
        damage.VERIFIER_KEY: "Its key is not the one that you trust, or cannot be read. Confirm the key by another way;"
        " if it differs indeed, this receipt is not of that ledger.",
        damage.CHECKPOINT_MALFORMED: "The signed statement (checkpoint) in it is damaged.",
        damage.CHECKPOINT_SIGNATURE: "The ledger's signature does not fit: the statement was changed, or signed by"
        " another key.",
        damage.ORIGIN: "Its statement was made for another ledger.",
        damage.LEAF: "An entry was changed: it is no longer of the form that the hub writes.",
        damage.INCLUSION: "An entry is not in the signed ledger: the entry, its number or its path was changed.",
        damage.PART_DIFFERS: "The file that was given differs from what was recorded. Use the exact bytes that were"
        " sent or received.",
        damage.PART_MISSING: "This receipt cannot open that part.",
        damage.CERTIFICATE_DIFFERS: "The hub's certificate in it is not the one that you gave.",
        damage.COSIGNATURE: "The signature of a witness does not fit: the statement or that line was changed.",
        damage.WITNESS_MISSING: "Witnesses that you ask for have not co-signed it. Fetch the receipt again later; if it"
        " stays so, ask the witness and DPM-PTSP.",
        damage.TIMESTAMP: "Its timestamp cannot be confirmed: damaged, of another statement, or of another authority.",
    },
}
