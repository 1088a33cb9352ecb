"""What OSS answers: one envelope under several names, codes as text or number, pages where an answer was meant."""

from __future__ import annotations

from typing import Any

from tests.exchange.dialects.fault import HTML, SCHEDULE, Does, Reply

READ = "read the stored reply, mend the permit's data with OSS, report by hand in OSS what was refused"
MEND = "mend user_key or rights with OSS, set the credential, then `simojo delivery redrive`: the order is kept"
NIB = "0000000000017"


def _said(name: str, envelope: str = "responreceiveLicenseStatus", **content: Any) -> Reply:
    return Reply(name=name, body={envelope: content}, does=Does.TAKE, state="answered")


def _asked(name: str, code: int | str, text: str) -> Reply:
    return Reply(
        name=name,
        body={"responreceiveLicenseStatus": {"kode": code, "keterangan": text}},
        does=Does.ASK,
        state="answered",
        attention=f"OSS tidak menerima status (kode {code}: {text})",
        staff=READ,
    )


def _access(name: str, code: int, text: str, status: int) -> Reply:
    return Reply(
        name=name,
        status=status,
        body={"responreceiveLicenseStatus": {"kode": code, "keterangan": text}},
        does=Does.ASK,
        state="dead",
        attention=f"OSS menolak akses kantor (kode {code}: {text})",
        staff=MEND,
    )


def _later(name: str, body: Any, status: int, state: str) -> Reply:
    return Reply(name=name, body=body, status=status, does=Does.RETRY, state=state, wait=SCHEDULE)


OUT: tuple[Reply, ...] = (
    _said("the envelope of the guide's first chapter", "responcheckLicenseStatus", kode="200", keterangan="Sukses"),
    _said("the envelope of its example", "responcheckStatusLicense", kode=200),
    _said("an envelope in English spelling", "responsecheckLicenceStatus", kode="200", keterangan="OK", dataNIB={}),
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


def _number(name: str, does: Does, fact: str, attention: str, **answer: Any) -> Reply:
    return Reply(
        name=name,
        body={"responinqueryNIB": answer},
        does=does,
        state="answered",
        fact=fact,
        attention=attention,
        staff="-" if does is Does.TAKE else "ask the applicant; judge it. Nothing is refused by the machine",
    )


def _stands(status: str, nib: str = NIB) -> dict[str, str]:
    return {"nib": nib, "status_nib": status}


DOUBTFUL = "BusinessDoubtful"
NUMBERS: tuple[Reply, ...] = (
    _number("active", Does.TAKE, "BusinessConfirmed", "", kode="200", dataNIB=_stands("01")),
    _number("permitted", Does.TAKE, "BusinessConfirmed", "", kode=200, dataNIB=_stands("03")),
    _number("frozen", Does.ASK, DOUBTFUL, "NIB dibekukan menurut OSS", kode="200", dataNIB=_stands("05")),
    _number("revoked", Does.ASK, DOUBTFUL, "NIB dicabut menurut OSS", kode="200", dataNIB=_stands("06")),
    _number("not yet", Does.ASK, DOUBTFUL, "NIB belum berlaku menurut OSS", kode="200", dataNIB=_stands("02")),
    _number("not found", Does.ASK, DOUBTFUL, "NIB tidak dikenal OSS", kode="404", keterangan="NIB tidak ditemukan"),
    _number("another number", Does.ASK, "", "tentang NIB lain", kode="200", dataNIB=_stands("01", "0000000000025")),
    _number("a success without data", Does.ASK, "", "tentang NIB lain", kode="200", keterangan="Sukses"),
    _number("a status that nobody knows", Does.ASK, "", "status_nib 09", kode="200", dataNIB=_stands("09")),
    _later("OSS failed", {"responinqueryNIB": {"kode": 500, "keterangan": "Gagal"}}, 200, "not-sent"),
    _later("a maintenance page", HTML, 200, "unknown"),
)
"""Replies to inqueryNIB, since agreement 1.1."""
