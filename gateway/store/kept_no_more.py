"""What is said of a message whose agreed time of keeping is over."""

from __future__ import annotations

from gateway.domain.errors import Refused
from gateway.store.reading import Reader
from gateway.store.tables import ExchangeRow


def kept_no_more(reader: Reader, row: ExchangeRow) -> Refused:
    """The refusal of whatever needs bodies that were removed; names the leaf that says so."""
    agreement = (row.agreement or "").partition("/")[0]
    leaf = reader.erased_by(row.gone_by) if row.gone_by else None
    found = "" if leaf is None else leaf.hash.hex()
    return Refused(
        f"masa simpan berakhir: isi pertukaran {row.id} dihapus menurut perjanjian {agreement}, sebagaimana dinyatakan"
        f" daun {found} buku besar; bukti bahwa ia terjadi tetap ada (its time of keeping is over, its receipt stands)",
        code="kept-no-more",
        clause="keep_for",
    )
