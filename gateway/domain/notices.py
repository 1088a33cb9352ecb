"""The texts to applicants (Pasal 14(1), 14(2), 17(3), 17(4)), in Indonesian: by SMS, and the same by mail (8(6)).

Only characters of the GSM alphabet that count once are used, and one SMS (160 characters) is kept wherever
references of ordinary length allow: a second part costs twice and may come alone. A text names the application by
its tanda terima and never the applicant; a NIK in an officer's words is masked, since an SMS is no sealed letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from gateway.domain import events as e
from gateway.domain.events import CaseEvent, HandOver, NoticeKind
from gateway.domain.identifiers import mask
from gateway.domain.skrd import rupiah

if TYPE_CHECKING:
    from gateway.domain.case import PermitCase

SENDER = "DPM-PTSP Kota Mojokerto"
"""How the office names itself in every notice."""

ONE_SMS = 160
"""Characters of the GSM alphabet in one SMS (3GPP TS 23.038)."""

_LOOKALIKES = str.maketrans("‘’“”–—[]{}^~|`\\", "''\"\"--()()-- '/")
"""Characters outside the GSM alphabet, or counted twice in it, and what is sent for them."""

_LIKE_A_NIK = re.compile(r"(?<![0-9])[0-9](?:[ .-]?[0-9]){15}(?![0-9])")
"""Sixteen digits, also in groups: a NIK or the number of a family card."""


def text(kind: NoticeKind, case: PermitCase, event: CaseEvent) -> str:
    """Write the whole text of that notice about `case`, which `event` has just changed."""
    return _plain(f"{SENDER}: {_TEXTS[kind](case, event)}")


def subject(kind: NoticeKind, case: PermitCase) -> str:
    """Write the subject of that notice's mail: one line of printable ASCII, which names no person."""
    return _plain(f"{SENDER}: {_SUBJECTS[kind]} ({_name(case)})")


def letter(kind: NoticeKind, case: PermitCase, event: CaseEvent) -> str:
    """Write the mail of that notice: the words of the SMS, and where to look. Printable ASCII and line feeds."""
    return f"{text(kind, case, event)}\n\n{_FOOT}\n"


def _plain(written: str) -> str:
    """Officers paste typographic characters; one of them would make every SMS hold 70 characters."""
    ascii_only = unicodedata.normalize("NFKD", written.translate(_LOOKALIKES)).encode("ascii", "ignore").decode()
    return "".join(each for each in " ".join(ascii_only.split()) if each.isprintable())


def _name(case: PermitCase) -> str:
    return case.acknowledgement_number or case.id


def _acknowledged(case: PermitCase, _event: CaseEvent) -> str:
    return f"permohonan lengkap, tanda terima {_name(case)}. Pantau melalui akun Anda di SIMOJO."


def _returned(case: PermitCase, event: CaseEvent) -> str:
    missing = event.missing if isinstance(event, e.AdministrationReturned) else ()
    return _listed(f"permohonan {_name(case)} perlu dilengkapi", missing, "Lihat akun SIMOJO Anda.")


def _approved(case: PermitCase, _event: CaseEvent) -> str:
    then = "Kode bayar retribusi menyusul. " if case.levied else ""
    return f"permohonan {_name(case)} DISETUJUI. {then}Isi survei IKM di akun SIMOJO Anda."


def _rejected(case: PermitCase, event: CaseEvent) -> str:
    grounds = event.grounds if isinstance(event, e.ApplicationRejected) else ()
    return _listed(f"permohonan {_name(case)} DITOLAK", grounds, "Lihat akun SIMOJO Anda.")


def _charge(case: PermitCase, _event: CaseEvent) -> str:
    if case.skrd is None:
        raise ValueError("a charge notice needs the SKRD of the case")
    skrd = case.skrd
    return (
        f"retribusi {rupiah(skrd.amount)}, kode bayar {skrd.payment_code}, {skrd.pay_to_bank} rek "
        f"{skrd.pay_to_account}, maks 10 hari kerja sejak diterima."
    )


def _paid(case: PermitCase, event: CaseEvent) -> str:
    proof = f", bukti bank {event.bank_reference}" if isinstance(event, e.PaymentReceived) else ""
    return f"pembayaran retribusi {_name(case)} diterima{proof}. Terima kasih."


def _lapsed(case: PermitCase, _event: CaseEvent) -> str:
    return f"retribusi {_name(case)} tidak dibayar dalam 10 hari kerja dan hangus. Silakan ajukan permohonan baru."


def _survey_warning(case: PermitCase, _event: CaseEvent) -> str:
    return (
        f"peringatan {case.survey_warnings} dari 3: isi survei IKM untuk {_name(case)} di SIMOJO. "
        "Tanpa survei proses ditangguhkan."
    )


def _suspended(case: PermitCase, _event: CaseEvent) -> str:
    return f"proses {_name(case)} DITANGGUHKAN sampai survei IKM diisi di akun SIMOJO Anda."


def _ready(case: PermitCase, _event: CaseEvent) -> str:
    then = "" if case.survey else " setelah survei IKM diisi"
    how = "dikirim kurir" if case.hand_over is HandOver.COURIER else "dapat diserahkan"
    return f"izin nomor {case.reserved_number} telah terbit. Dokumen {how}{then}."


_TEXTS: dict[NoticeKind, Callable[[PermitCase, CaseEvent], str]] = {
    NoticeKind.ACKNOWLEDGED: _acknowledged,
    NoticeKind.RETURNED: _returned,
    NoticeKind.APPROVED: _approved,
    NoticeKind.REJECTED: _rejected,
    NoticeKind.CHARGE: _charge,
    NoticeKind.PAID: _paid,
    NoticeKind.LAPSED: _lapsed,
    NoticeKind.SURVEY_WARNING: _survey_warning,
    NoticeKind.SUSPENDED: _suspended,
    NoticeKind.READY: _ready,
}


_SUBJECTS: dict[NoticeKind, str] = {
    NoticeKind.ACKNOWLEDGED: "tanda terima permohonan",
    NoticeKind.RETURNED: "permohonan perlu dilengkapi",
    NoticeKind.APPROVED: "permohonan disetujui",
    NoticeKind.REJECTED: "permohonan ditolak",
    NoticeKind.CHARGE: "ketetapan retribusi",
    NoticeKind.PAID: "pembayaran diterima",
    NoticeKind.LAPSED: "retribusi hangus",
    NoticeKind.SURVEY_WARNING: "peringatan survei IKM",
    NoticeKind.SUSPENDED: "proses ditangguhkan",
    NoticeKind.READY: "izin terbit",
}

_FOOT = "Surat ini dikirim otomatis oleh SIMOJO dan tidak dapat dibalas. Lihat juga akun SIMOJO Anda."


def _listed(head: str, items: Iterable[str], tail: str) -> str:
    """Head, the items and tail; the items are cut where one SMS would not hold them, since the account shows all."""
    whole = _LIKE_A_NIK.sub(lambda found: mask(re.sub("[^0-9]", "", found[0])), _plain("; ".join(items)))
    room = ONE_SMS - len(f"{SENDER}: {head}: . {tail}")
    if len(whole) > room:
        whole = f"{whole[: max(room - 3, 0)].rstrip()}..."
    return f"{head}: {whole}. {tail}"
