"""The SKRD as a paper (Pasal 14(6), 18(2)): everything that the form has to say, amount in words included."""

from __future__ import annotations

from gateway.domain.skrd import SKRD, rupiah
from gateway.office.papers.typesetting import Signatory, indonesian_date, letterhead, signature_block, typeset


def skrd_pdf(skrd: SKRD, *, signatory_title: str) -> bytes:
    """Lay out an SKRD. The same SKRD gives the same bytes."""
    signatory = Signatory(name=skrd.signatory, title=signatory_title, nip=skrd.signatory_nip)
    rows = [
        ("Masa retribusi", skrd.period),
        ("Tahun", str(skrd.year)),
        ("Nama wajib retribusi", skrd.payer_name),
        ("Alamat", skrd.payer_address),
        ("NPWRD", skrd.npwrd),
        ("Kode rekening", skrd.account_code),
        ("Dasar pengenaan", skrd.legal_basis),
        ("Jenis perizinan", skrd.service.upper()),
    ]
    lines = [
        [line.description, str(line.quantity), rupiah(line.unit_price), rupiah(line.amount)] for line in skrd.lines
    ]
    data = {
        **letterhead(),
        "title": "SURAT KETETAPAN RETRIBUSI DAERAH",
        "number": skrd.number,
        "rows": [list(row) for row in rows],
        "lines": lines,
        "amount": rupiah(skrd.amount),
        "amount_in_words": skrd.amount_in_words,
        "payment_code": skrd.payment_code,
        "bank": skrd.pay_to_bank,
        "account": skrd.pay_to_account,
        "period_text": "Dibayar dalam 10 hari kerja sejak pemberitahuan diterima (Pasal 14 ayat 3).",
        "date": indonesian_date(skrd.issued_on),
        "signatory": signature_block(signatory),
        "footer": f"SKRD {skrd.number} · {skrd.payment_code}",
    }
    return typeset("skrd.typ", data, skrd.issued_on)
