"""Dukcapil answers nearly everything under HTTP 200, in `content[0]`, and spells it as it likes."""

from __future__ import annotations

from functools import partial
from typing import Any

from gateway.store.tables import DeliveryRow
from tests.exchange.stage import Stage
from tests.exchange.tables.answers import HOUR, HTML, SCHEDULE, replied
from tests.exchange.tables.row import Does, Row
from tests.exchange.tables.scenes import LATER

VERIFIED, REFUTED = "ResidentVerified", "ResidentRefuted"
CORRECT = "ask the applicant, who corrects the NIK or the name; that asks Dukcapil anew"
READ = "read the stored reply, ask Dukcapil what it means, and have the applicant correct the NIK if it is wrong"
MEND = "mend user, password or address with Dukcapil, set the credential, then `simojo delivery redrive`"
WAIT = "after a hari kerja “belum dilayani”, once, and a sentence in health; ask Dukcapil for more quota"


def of_resident(stage: Stage) -> DeliveryRow:
    """The question about the applicant of a new case."""
    stage.clock.at += LATER
    return stage.delivery(stage.register().id, "dukcapil")


_replied = partial(replied, to=of_resident)


def _said(**content: str | int) -> dict[str, Any]:
    return {"content": [content], "quotaLimiter": 56616}


def _refuted(name: str, status: int = 200, **content: str | int) -> Row:
    return _replied(name, _said(**content), Does.REFUSE, "answered", status=status, fact=REFUTED, staff=CORRECT)


def _asked(name: str, attention: str, **content: str | int) -> Row:
    return _replied(name, _said(**content), Does.ASK, "answered", attention=attention, staff=READ)


def _access(name: str, **content: str) -> Row:
    text = f"Dukcapil menolak akses kantor ({next(iter(content.values()))})"
    return _replied(name, _said(**content), Does.ASK, "dead", attention=text, staff=MEND)


def _quota(name: str, **content: str) -> Row:
    return _replied(name, _said(**content), Does.RETRY, "not-sent", wait=HOUR, counts=False, staff=WAIT)


def _later(name: str, status: int, body: Any, state: str = "unknown") -> Row:
    return _replied(name, body, Does.RETRY, state, status=status, wait=SCHEDULE)


def _dead(name: str, status: int, body: bytes) -> Row:
    text = "Instansi menolak pesan"
    return _replied(name, body, Does.ASK, "dead", status=status, attention=text, staff=MEND)


OUT: tuple[Row, ...] = (
    _replied(
        "the name in capitals, no blank before the score",
        _said(NIK="SESUAI", NAMA_LGKP="SESUAI(97)"),
        Does.TAKE,
        "answered",
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
    _later("an empty list", 200, {"content": [], "quotaLimiter": 9}),
    _later("another form than agreed", 200, {"content": "x"}),
    _later("a document that is none of the agreed", 200, []),
    _refuted("a business error under its own HTTP status", 404, RESPONSE_CODE="13", RESPONSE="Data Tidak Ditemukan"),
    _later("a maintenance page", 200, HTML),
    _later("the server fails", 500, HTML),
    _later("the server heard nothing in time", 408, b""),
    _later("the server is closed", 503, b"", "not-sent"),
    _later("the server has too much to do", 429, b"", "not-sent"),
    _dead("HTTP refuses the office", 401, b""),
    _dead("HTTP refuses the question", 400, HTML),
    _dead("another address was agreed", 404, HTML),
    _dead("the server sends the hub elsewhere", 302, b""),
)
"""Replies to CALL_VERIFY_BY_ELEMEN."""
