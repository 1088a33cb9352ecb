"""The SKRD as a paper (Pasal 14(6), 18(2)): everything that the form has to say, the amount in words included."""

from __future__ import annotations

from gateway.domain.skrd import SKRD, rupiah
from gateway.office.papers.layout import LETTERHEAD, Data, Letterhead, indonesian_date, make_pdf


def skrd_pdf(
    skrd: SKRD, *, signatory_title: str, service_name: str | None = None, letterhead: Letterhead = LETTERHEAD
) -> bytes:
    """Lay out an SKRD as PDF/A-2b; the same arguments give the same bytes. Its date is the file's creation date.

    `signatory_title` is the office of who signs it; `service_name` the permit type's name, its code when None.
    """
    data: dict[str, Data] = {
        "number": skrd.number,
        "assessment": (
            ("Masa retribusi", skrd.period),
            ("Tahun", str(skrd.year)),
            ("Jenis perizinan", service_name or skrd.service.upper()),
        ),
        "payer": (
            ("Nama", skrd.payer_name),
            ("Alamat", skrd.payer_address),
            ("NPWRD", skrd.npwrd),
        ),
        "ground": (("Dasar pengenaan", skrd.legal_basis), ("Kode rekening", skrd.account_code)),
        "lines": tuple(
            (line.description, f"{line.quantity:,}".replace(",", "."), rupiah(line.unit_price), rupiah(line.amount))
            for line in skrd.lines
        ),
        "amount": rupiah(skrd.amount),
        "amount_in_words": _sentence(skrd.amount_in_words),
        "payment_code": _grouped(skrd.payment_code),
        "bank": skrd.pay_to_bank,
        "account": skrd.pay_to_account,
        "issued_on": indonesian_date(skrd.issued_on),
        "signatory": {"name": skrd.signatory, "title": signatory_title, "nip": skrd.signatory_nip.printed},
    }
    return make_pdf("skrd.typ", data, letterhead=letterhead, made_on=skrd.issued_on)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _grouped(code: str) -> str:
    """A long number is read, and typed, in fours."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))
