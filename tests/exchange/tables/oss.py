"""What OSS answers: one envelope under several names, codes as text or number, pages where an answer was meant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gateway.domain import identifiers
from gateway.store.tables import DeliveryRow
from tests.exchange.stage import RINA, Stage, application
from tests.exchange.tables.answers import HTML, SCHEDULE, replied
from tests.exchange.tables.oss_nib import NIB, lodged
from tests.exchange.tables.row import Does, Row
from tests.exchange.tables.scenes import LATER
from tests.exchange.town import Call, Told, says

READ = "read the stored reply, mend the permit's data with OSS, report by hand in OSS what was refused"
MEND = "mend user_key or rights with OSS, set the credential, then `simojo delivery redrive`: the order is kept"
JUDGE = "ask the applicant; judge it. Nothing is refused by the machine"


def answers(call: Call) -> Told:
    """OSS as it is on a good day: it takes what it is told, and knows the NIB."""
    if call.path.endswith("inqueryNIB"):
        return says({"responinqueryNIB": {"kode": "200", "dataNIB": _stands("01")}})(call)
    return says({"responreceiveLicenseStatus": {"kode": 200, "keterangan": "Sukses", "dataNIB": {}}})(call)


def of_status(stage: Stage) -> DeliveryRow:
    """OSS is told that an application of its own lacks something."""
    stage.clock.at += LATER
    case_id = lodged(stage)
    stage.hub.deeds.return_(case_id, RINA, ["ktp"])
    return stage.delivery(case_id, "oss")


def of_business(stage: Stage) -> DeliveryRow:
    """The question about the NIB that an applicant at the counter named."""
    stage.clock.at += LATER
    event = application()
    named = replace(event, applicant=replace(event.applicant, nib=identifiers.NIB(NIB)))
    return stage.delivery(stage.hub.deeds.register(named, RINA).id, "oss")


def _said(name: str, envelope: str = "responreceiveLicenseStatus", **content: Any) -> Row:
    return replied(name, {envelope: content}, Does.TAKE, "answered", to=of_status)


def _asked(name: str, code: int | str, text: str) -> Row:
    body = {"responreceiveLicenseStatus": {"kode": code, "keterangan": text}}
    attention = f"OSS tidak menerima status (kode {code}: {text})"
    return replied(name, body, Does.ASK, "answered", to=of_status, attention=attention, staff=READ)


def _access(name: str, code: int, text: str, status: int) -> Row:
    body = {"responreceiveLicenseStatus": {"kode": code, "keterangan": text}}
    attention = f"OSS menolak akses kantor (kode {code}: {text})"
    return replied(name, body, Does.ASK, "dead", to=of_status, status=status, attention=attention, staff=MEND)


def _later(name: str, body: Any, status: int, state: str, to: Callable[[Stage], DeliveryRow] = of_status) -> Row:
    return replied(name, body, Does.RETRY, state, to=to, status=status, wait=SCHEDULE)


def _stands(status: str, nib: str = NIB) -> dict[str, str]:
    return {"nib": nib, "status_nib": status}


OUT: tuple[Row, ...] = (
    _said("the envelope of the guide's first chapter", "responcheckLicenseStatus", kode="200", keterangan="Sukses"),
    _said("the envelope of its example", "responcheckStatusLicense", kode=200),
    _said("an envelope in English spelling", "responsecheckLicenceStatus", kode="200", keterangan="OK", dataNIB={}),
    _said("a number that nobody reads, with a fraction", "responreceiveLicenseStatus", kode=200, durasi=0.53),
    _later("OSS failed", {"responreceiveLicenseStatus": {"kode": "500", "keterangan": "Gagal"}}, 200, "not-sent"),
    _later("OSS failed, and HTTP says so", {"responcheckStatusLicense": {"kode": 504}}, 504, "not-sent"),
    _asked("the data is refused", 400, "id_izin tidak ditemukan"),
    _asked("not found", "404", "NIB tidak ditemukan"),
    _asked("a method that it does not know", 405, "Method not allowed"),
    _access("the key is wrong", 401, "User tidak valid", 200),
    _access("the office may not", 403, "Tidak berhak", 403),
    _later("an envelope without a code", {"responreceiveLicenseStatus": {"keterangan": "Sukses"}}, 200, "unknown"),
    _later("a text in place of the envelope", {"responreceiveLicenseStatus": "Sukses"}, 200, "unknown"),
    _later("a sign-in page", HTML, 200, "unknown"),
    _later("a gateway's page", HTML, 504, "unknown"),
    _later("the server is closed", b"", 503, "not-sent"),
)
"""Replies to receiveLicenseStatus. Reporting a status twice says the same thing, so it may be repeated."""


def _active(name: str, **answer: Any) -> Row:
    body = {"responinqueryNIB": answer}
    return replied(name, body, Does.TAKE, "answered", to=of_business, fact="BusinessConfirmed")


def _asks(name: str, fact: str, attention: str, **answer: Any) -> Row:
    body = {"responinqueryNIB": answer}
    return replied(name, body, Does.ASK, "answered", to=of_business, fact=fact, attention=attention, staff=JUDGE)


DOUBTFUL = "BusinessDoubtful"
NUMBERS: tuple[Row, ...] = (
    _active("active", kode="200", dataNIB=_stands("01")),
    _active("permitted", kode=200, dataNIB=_stands("03")),
    _asks("frozen", DOUBTFUL, "NIB dibekukan menurut OSS", kode="200", dataNIB=_stands("05")),
    _asks("revoked", DOUBTFUL, "NIB dicabut menurut OSS", kode="200", dataNIB=_stands("06")),
    _asks("not yet", DOUBTFUL, "NIB belum berlaku menurut OSS", kode="200", dataNIB=_stands("02")),
    _asks("not found", DOUBTFUL, "NIB tidak dikenal OSS", kode="404", keterangan="NIB tidak ditemukan"),
    _asks("another number", "", "tentang NIB lain", kode="200", dataNIB=_stands("01", "0000000000025")),
    _asks("a success without data", "", "tentang NIB lain", kode="200", keterangan="Sukses"),
    _asks("a status that nobody knows", "", "status_nib 09", kode="200", dataNIB=_stands("09")),
    _later("OSS failed", {"responinqueryNIB": {"kode": 500, "keterangan": "Gagal"}}, 200, "not-sent", of_business),
    _later("a maintenance page", HTML, 200, "unknown", of_business),
)
"""Replies to inqueryNIB, since agreement 1.1."""
