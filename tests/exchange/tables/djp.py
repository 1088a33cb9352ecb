"""DJP: findings beside a verdict, or `galat`, as agreed; and the pages and broken servers that nobody agrees on."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from gateway.domain.identifiers import NPWP
from gateway.store.tables import DeliveryRow
from tests.exchange.stage import RINA, Stage, application
from tests.exchange.tables.answers import HTML, SCHEDULE, replied
from tests.exchange.tables.row import Does, Row
from tests.exchange.tables.scenes import LATER

DOUBTFUL = "TaxStatusDoubtful"
JUDGE = "judge it, tell the applicant; a corrected NPWP or name asks DJP anew. Nothing is refused by the machine"
ASK_DJP = "read the stored reply and ask DJP"
MEND = "mend user, password or address with DJP, set the credential, then `simojo delivery redrive`"
YEARS = ({"tahun": 2024, "dilaporkan": True}, {"tahun": 2025, "dilaporkan": True})


def of_taxpayer(stage: Stage) -> DeliveryRow:
    """The question about a business that applies for a permit and has an NPWP."""
    stage.clock.at += LATER
    event = application("reklame")
    taxed = replace(event, applicant=replace(event.applicant, npwp=NPWP("000000018999000")))
    return stage.delivery(stage.hub.deeds.register(taxed, RINA).id, "djp")


_replied = partial(replied, to=of_taxpayer)


def _found(status: str = "TIDAK VALID", **findings: Any) -> dict[str, Any]:
    return {"hasil": {"status": status, "npwp": "DITEMUKAN", "nama": "SESUAI", "spt": list(YEARS), **findings}}


def _doubtful(name: str, attention: str, body: dict[str, Any]) -> Row:
    return _replied(name, body, Does.ASK, "answered", fact=DOUBTFUL, attention=attention, staff=JUDGE)


def _asked(name: str, attention: str, body: dict[str, Any], status: int = 200) -> Row:
    return _replied(name, body, Does.ASK, "answered", status=status, attention=attention, staff=ASK_DJP)


def _later(name: str, body: dict[str, Any], seconds: float) -> Row:
    return _replied(name, body, Does.RETRY, "not-sent", wait=(seconds, seconds), counts=False)


def _by_schedule(name: str, body: Any, status: int = 200) -> Row:
    return _replied(name, body, Does.RETRY, "unknown", status=status, wait=SCHEDULE)


def _error(code: str, text: str, **more: int) -> dict[str, Any]:
    return {"galat": {"kode": code, "pesan": text, **more}}


_MISSING = [YEARS[0], {"tahun": 2025, "dilaporkan": False}]

OUT: tuple[Row, ...] = (
    _replied("all is well", _found("VALID"), Does.TAKE, "answered", fact="TaxStatusConfirmed"),
    _doubtful("not found", "NPWP tidak ditemukan", {"hasil": {"status": "TIDAK VALID", "npwp": "TIDAK DITEMUKAN"}}),
    _doubtful("another name", "nama tidak sesuai dengan NPWP", _found(nama="TIDAK SESUAI")),
    _doubtful("a year without SPT", "SPT Tahunan 2025 belum dilaporkan", _found(spt=_MISSING)),
    _asked("a verdict against its findings", "Jawaban DJP bertentangan", _found("VALID", nama="TIDAK SESUAI")),
    _asked("the same year twice", "tanpa dua tahun SPT", _found("VALID", spt=[YEARS[0], YEARS[0]])),
    _asked("bad format", "kode FORMAT_SALAH", _error("FORMAT_SALAH", "Permintaan tidak sesuai format"), 400),
    _asked("a code that was not agreed", "kode BARU", _error("BARU", "?")),
    _later("the day's quota is spent", _error("KUOTA_HABIS", "Kuota harian telah habis", coba_lagi_detik=7200), 7200),
    _later("closed, without a time", _error("LAYANAN_DITUTUP", "Layanan ditutup untuk pemeliharaan"), 900),
    _replied(
        "wrong user or password",
        _error("AKSES_DITOLAK", "User atau kata sandi salah"),
        Does.ASK,
        "dead",
        status=401,
        attention="DJP menolak akses kantor (User atau kata sandi salah)",
        staff=MEND,
    ),
    _by_schedule("another form than agreed", {"hasil": {"status": "VALID", "npwp": "DITEMUKAN"}}),
    _by_schedule("a maintenance page", HTML),
    _by_schedule("the server fails", HTML, 502),
)
"""Replies to status-wajib-pajak."""
