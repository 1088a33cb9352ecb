"""Dukcapil answers nearly everything under HTTP 200, in `content[0]`, and spells it as it likes."""

from __future__ import annotations

from typing import Any

from tests.exchange.dialects.fault import HOUR, HTML, SCHEDULE, Does, Reply

VERIFIED, REFUTED = "ResidentVerified", "ResidentRefuted"
CORRECT = "ask the applicant, who corrects the NIK or the name; that asks Dukcapil anew"
READ = "read the stored reply, ask Dukcapil what it means, and have the applicant correct the NIK if it is wrong"
MEND = "mend user, password or address with Dukcapil, set the credential, then `simojo delivery redrive`"
WAIT = "nothing; more quota is asked for at Dukcapil"


def _said(**content: str | int) -> dict[str, Any]:
    return {"content": [content], "quotaLimiter": 56616}


def _refuted(name: str, **content: str | int) -> Reply:
    return Reply(name=name, body=_said(**content), does=Does.REFUSE, state="answered", fact=REFUTED, staff=CORRECT)


def _asked(name: str, attention: str, **content: str | int) -> Reply:
    return Reply(name=name, body=_said(**content), does=Does.ASK, state="answered", attention=attention, staff=READ)


def _access(name: str, **content: str) -> Reply:
    text = f"Dukcapil menolak akses kantor ({next(iter(content.values()))})"
    return Reply(name=name, body=_said(**content), does=Does.ASK, state="dead", attention=text, staff=MEND)


def _quota(name: str, **content: str) -> Reply:
    return Reply(name=name, body=_said(**content), does=Does.RETRY, state="not-sent", wait=HOUR, attempts=0, staff=WAIT)


def _later(name: str, status: int, body: bytes, state: str = "unknown") -> Reply:
    return Reply(name=name, status=status, body=body, does=Does.RETRY, state=state, wait=SCHEDULE)


OUT: tuple[Reply, ...] = (
    Reply(
        name="the name in capitals, no blank before the score",
        body=_said(NIK="SESUAI", NAMA_LGKP="SESUAI(97)"),
        does=Does.TAKE,
        state="answered",
        fact=VERIFIED,
    ),
    _refuted("another name", NIK="Sesuai", NAMA_LGKP="Tidak Sesuai (59)"),
    _refuted("another name, in capitals and without score", NIK="Sesuai", NAMA_LGKP="TIDAK SESUAI"),
    _refuted("deceased", RESPONSE_CODE="11", RESPONSE="Meninggal Dunia"),
    _refuted("registered twice", RESPONSE_CODE="12", RESPONSE="Data Ganda"),
    _refuted("not found", RESPONSE_CODE="13", RESPONSE="Data Tidak Ditemukan"),
    _refuted("not found, the code as a number", RESPONSE_CODE=13, RESPONSE_DESC="data tidak ditemukan"),
    _refuted("not found, in words alone", RESPON="DATA TIDAK DITEMUKAN"),
    _refuted("inactive", RESPONSE_CODE="14", RESPONSE="Data Tidak Aktif"),
    _asked("bad format", "menjawab kode 15 (Format Data Salah)", RESPONSE_CODE="15", RESPONSE="Format Data Salah"),
    _asked("code 00, which nobody explains", "menjawab kode 00 (-)", RESPONSE_CODE="00"),
    _asked("code 08, beside a verdict", "menjawab kode 08 (-)", RESPONSE_CODE="08", NIK="Sesuai", NAMA_LGKP="Sesuai"),
    _asked("words that nobody knows", "menjawab kode - (Sedang dicoba)", RESPON="Sedang dicoba"),
    _asked("the NIK itself differs", "bentuk yang tidak dikenal", NIK="Tidak Sesuai", NAMA_LGKP="Sesuai (100)"),
    _asked("another verdict", "bentuk yang tidak dikenal", NIK="Sesuai", NAMA_LGKP="Kurang Sesuai"),
    _quota("the day's quota is spent", RESPON="Kuota Akses Hari ini telah Habis"),
    _quota("the same, in capitals, under another name", RESPONSE="KUOTA AKSES HARI INI TELAH HABIS"),
    _quota("the same beside a code", RESPONSE_CODE="13", RESPONSE="Kuota Akses Hari ini telah Habis"),
    _access("wrong user or password", RESPON="Login Gagal"),
    _access("the same in capitals", RESPONSE="LOGIN GAGAL"),
    _access("another address than the registered one", RESPON="IP Address Tidak Sesuai"),
    Reply(
        name="an empty list",
        body={"content": [], "quotaLimiter": 9},
        does=Does.RETRY,
        state="unknown",
        wait=SCHEDULE,
    ),
    Reply(
        name="a business error under its own HTTP status",
        status=404,
        body=_said(RESPONSE_CODE="13", RESPONSE="Data Tidak Ditemukan"),
        does=Does.REFUSE,
        state="answered",
        fact=REFUTED,
        staff=CORRECT,
    ),
    _later("a maintenance page", 200, HTML),
    _later("the server fails", 500, HTML),
    _later("the server is closed", 503, b"", "not-sent"),
    Reply(
        name="HTTP refuses the office",
        status=401,
        body=b"",
        does=Does.ASK,
        state="dead",
        attention="the agency answered HTTP 401",
        staff=MEND,
    ),
)
"""Replies to CALL_VERIFY_BY_ELEMEN."""
