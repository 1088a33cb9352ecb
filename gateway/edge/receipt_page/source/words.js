// What the page says, in Indonesian first and in English. {name} is filled in.

const WORDS = {
  id: {
    "other-language": "English",
    title: "Periksa tanda bukti",
    intro:
      "Halaman ini memeriksa tanda bukti (receipt) dari SIMOJO di peramban Anda sendiri. Berkas Anda tidak dikirim ke" +
      " mana pun, dan halaman ini dapat disimpan lalu dipakai tanpa jaringan.",
    download: "Simpan halaman ini",
    "step-files": "1. Tanda bukti",
    "choose-files": "Pilih berkas tanda bukti, atau seret ke sini",
    "choose-hint": "Boleh bersama berkas pesan yang dibuktikannya; bagiannya dikenali dari isinya.",
    "step-key": "2. Kunci buku besar yang Anda percayai",
    "key-hint":
      "Seperti tertulis di perjanjian dengan DPM-PTSP: nama+id+base64. Tanpa kunci ini, tanda bukti hanya dapat" +
      " dicocokkan dengan dirinya sendiri. Setelah kunci buku besar diganti, boleh lebih dari satu, dipisahkan spasi.",
    "witness-keys": "Kunci saksi (bila ada)",
    "witness-hint":
      "Kunci saksi yang Anda terima dari saksi itu sendiri, satu per baris. Setiap saksi yang ditulis di sini harus sudah" +
      " ikut menandatangani.",
    "step-parts": "3. Berkas pesan",
    "parts-none": "Bagian yang dapat dibuka muncul di sini setelah tanda bukti dipilih.",
    "parts-closed": "Tanda bukti ini tidak membawa pembuka untuk bagian mana pun.",
    "parts-hint": "Byte persis seperti yang dikirim atau diterima, tanpa disunting.",
    "part-file": "Berkas untuk bagian {part}",
    "step-result": "Hasil",
    again: "Mulai lagi",
    empty: "Belum ada yang diperiksa. Pilih sebuah tanda bukti.",
    busy: "Sedang memeriksa.",
    unreadable: "Berkas ini tidak dapat dibaca: {detail}",
    proven: "Terbukti: pertukaran {exchange} tercatat di buku besar {origin}.",
    consistent:
      "Belum terbukti: tanda bukti ini utuh dan cocok dengan dirinya sendiri, tetapi kuncinya belum dipastikan.",
    damaged: "Tidak terbukti: tanda bukti ini tidak membuktikan apa pun.",
    differs: "Tidak cocok: yang Anda berikan berbeda dengan tanda bukti ini.",
    checked: "Yang diperiksa: {files}.",
    is: "Yang terbukti",
    would: "Yang terbukti bila kuncinya memang kunci buku besar itu",
    not: "Yang tidak terbukti",
    why: "Sebabnya",
    leaf: "Entri nomor {index}: {kind}, {at}.",
    tree: "Entri itu ada di pohon Merkle berisi {size} entri, yang akarnya ditandatangani.",
    opened: "Berkas {file} sama byte demi byte dengan bagian {part} yang dicatat.",
    key: "Siapa yang menandatangani: kunci {verifier} hanya diambil dari tanda bukti ini. Isi langkah 2.",
    "other-key":
      "PERHATIAN: berkas ini menyebut kunci {named}, dan yang menilainya adalah kunci Anda, {verifier}. Itu wajar selama" +
      " kunci buku besar diganti; selain itu, sebutan dalam berkas itu telah diubah.",
    closed: "Isi bagian {parts}: berkasnya tidak diberikan.",
    sealed: "Isi bagian {parts}: tanda bukti ini tidak membawa pembukanya, misalnya karena datanya sudah dihapus.",
    certificate:
      "Sertifikat hub yang ikut dibawa ({name}, berlaku {valid}): tanda bukti ini tidak menjaminnya, jadi" +
      " perubahan di dalamnya belum tentu tampak, dan tanda tangan pada jawaban tidak diperiksa di sini.",
    clock: "Ketepatan waktu: waktunya menurut jam hub.",
    fork: "Bahwa semua pihak melihat buku besar yang sama: itu dijaga saksi dengan bukti konsistensi.",
    witness:
      "Saksi {name} ikut menandatangani pernyataan itu ({at} menurut jam saksi): sejauh yang dilihatnya, buku besar ini" +
      " hanya bertambah.",
    cosigned: "Ikut ditandatangani oleh {name} ({at}): tidak dinilai, kuncinya tidak diberikan.",
    stamped: "Cap waktu RFC 3161 ({at}): tidak dinilai di halaman ini; simojo-conformance verify-receipt --tsa menilainya.",
    "no-time": "tanpa waktu yang terbaca",
    technical: "Rincian untuk teknisi",
    engine: "SHA-256 dan HMAC: {sha256}. Tanda tangan Ed25519: {ed25519}.",
    webcrypto: "WebCrypto peramban",
    own: "kode halaman ini",
  },
  en: {
    "other-language": "Bahasa Indonesia",
    title: "Check a receipt",
    intro:
      "This page checks a receipt (tanda bukti) of SIMOJO in your own browser. Your files are sent nowhere, and the page" +
      " can be saved and used with no network.",
    download: "Save this page",
    "step-files": "1. The receipt",
    "choose-files": "Choose a receipt, or drop it here",
    "choose-hint": "The files of the messages may come with it; their content tells which part each is.",
    "step-key": "2. The ledger's key that you trust",
    "key-hint":
      "As it stands in the agreement with DPM-PTSP: name+id+base64. Without it a receipt can only be held against itself." +
      " After the ledger's key was changed there may be more than one, with spaces between.",
    "witness-keys": "Keys of witnesses (if any)",
    "witness-hint":
      "Keys that you got from the witnesses themselves, one a line. Every witness that is written here has to have co-signed.",
    "step-parts": "3. Files of the messages",
    "parts-none": "The parts that can be opened appear here once a receipt is chosen.",
    "parts-closed": "This receipt opens none of its parts.",
    "parts-hint": "The exact bytes that were sent or received, not edited.",
    "part-file": "File for part {part}",
    "step-result": "Result",
    again: "Start again",
    empty: "Nothing is checked yet. Choose a receipt.",
    busy: "Checking.",
    unreadable: "This file cannot be read: {detail}",
    proven: "Proven: exchange {exchange} is recorded in the ledger {origin}.",
    consistent: "Not proven yet: this receipt is whole and agrees with itself, but its key is not confirmed.",
    damaged: "Not proven: this receipt proves nothing.",
    differs: "No match: what you gave differs from this receipt.",
    checked: "What was checked: {files}.",
    is: "What is proven",
    would: "What is proven if the key is indeed that ledger's",
    not: "What is not proven",
    why: "Why",
    leaf: "Entry number {index}: {kind}, {at}.",
    tree: "The entry is in a Merkle tree of {size} entries, whose root is signed.",
    opened: "The file {file} is byte for byte the part {part} that was recorded.",
    key: "Who signed: the key {verifier} was taken from this receipt alone. Fill in step 2.",
    "other-key":
      "NOTE: this file names the key {named}, and it was judged by your key, {verifier}. That is so while the ledger's" +
      " key is rolled over; else that word of the file was changed.",
    closed: "The content of {parts}: the file was not given.",
    sealed: "The content of {parts}: this receipt has nothing to open it with, as when the data were erased.",
    certificate:
      "The hub's certificate that travels along ({name}, valid {valid}): this receipt does not vouch for it, so a" +
      " change in it need not show, and the answer's own signature is not checked here.",
    clock: "That the times are exact: they are by the hub's clock.",
    fork: "That everybody sees the same ledger: witnesses guard that, with consistency proofs.",
    witness:
      "The witness {name} co-signed that statement ({at} by its own clock): as far as it saw, this ledger has only grown.",
    cosigned: "Co-signed by {name} ({at}): not judged, no key given.",
    stamped: "An RFC 3161 timestamp ({at}): not judged on this page; simojo-conformance verify-receipt --tsa judges it.",
    "no-time": "no readable time",
    technical: "Details for technicians",
    engine: "SHA-256 and HMAC: {sha256}. Ed25519 signature: {ed25519}.",
    webcrypto: "the browser's WebCrypto",
    own: "this page's own code",
  },
};

const KINDS = {
  id: {
    accepted: "pesan diterima",
    answered: "jawaban dikirim",
    refused: "pesan ditolak",
    sent: "pesan dikirim ke instansi",
    reply: "balasan instansi diterima",
    dead: "pengiriman dihentikan dan menunggu petugas",
  },
  en: {
    accepted: "message accepted",
    answered: "answer sent",
    refused: "message refused",
    sent: "message sent to the agency",
    reply: "the agency's reply received",
    dead: "delivery given up, waits for a person",
  },
};

const DAMAGE = {
  id: {
    "receipt-malformed":
      "Berkas ini bukan tanda bukti SIMOJO yang utuh. Ambil lagi berkas aslinya; jangan disunting atau disimpan ulang" +
      " dengan program lain.",
    "verifier-key":
      "Kuncinya bukan kunci yang Anda percayai, atau tidak terbaca. Pastikan kunci itu lewat jalur lain; bila" +
      " benar-benar berbeda, tanda bukti ini bukan dari buku besar itu.",
    "checkpoint-malformed": "Pernyataan bertanda tangan (checkpoint) di dalamnya rusak.",
    "checkpoint-signature":
      "Tanda tangan buku besar tidak cocok: pernyataannya diubah, atau ditandatangani kunci lain.",
    "checkpoint-origin": "Pernyataannya dibuat untuk buku besar lain.",
    "leaf-not-canonical": "Sebuah entri diubah: bentuknya bukan lagi yang ditulis hub.",
    "inclusion-proof":
      "Sebuah entri tidak ada di buku besar yang ditandatangani: entri, nomor atau jalurnya diubah.",
    "part-differs":
      "Berkas yang diberikan berbeda dengan yang dicatat. Gunakan byte persis seperti yang dikirim atau diterima.",
    "part-missing": "Bagian itu tidak dapat dibuka dengan tanda bukti ini.",
    "cosignature": "Tanda tangan seorang saksi tidak cocok: pernyataannya atau baris saksi itu diubah.",
    "witness-missing":
      "Saksi yang Anda tulis belum ikut menandatangani. Ambil lagi tanda bukti itu nanti; bila tetap begitu, tanyakan" +
      " kepada saksi dan DPM-PTSP.",
  },
  en: {
    "receipt-malformed":
      "This file is no whole SIMOJO receipt. Fetch the original again; do not edit it or save it anew with another program.",
    "verifier-key":
      "Its key is not the one that you trust, or cannot be read. Confirm the key by another way; if it differs indeed," +
      " this receipt is not of that ledger.",
    "checkpoint-malformed": "The signed statement (checkpoint) in it is damaged.",
    "checkpoint-signature": "The ledger's signature does not fit: the statement was changed, or signed by another key.",
    "checkpoint-origin": "Its statement was made for another ledger.",
    "leaf-not-canonical": "An entry was changed: it is no longer of the form that the hub writes.",
    "inclusion-proof": "An entry is not in the signed ledger: the entry, its number or its path was changed.",
    "part-differs":
      "The file that was given differs from what was recorded. Use the exact bytes that were sent or received.",
    "part-missing": "This receipt cannot open that part.",
    "cosignature": "The signature of a witness does not fit: the statement or that line was changed.",
    "witness-missing":
      "Witnesses that you wrote have not co-signed it. Fetch the receipt again later; if it stays so, ask the witness and" +
      " DPM-PTSP.",
  },
};
