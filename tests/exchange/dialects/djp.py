"""DJP: findings beside a verdict, or `galat`, as agreed; and the pages and broken servers that nobody agrees on."""

from __future__ import annotations

from typing import Any

from tests.exchange.dialects.fault import HTML, SCHEDULE, Does, Reply

DOUBTFUL = "TaxStatusDoubtful"
JUDGE = "judge it, tell the applicant; a corrected NPWP or name asks DJP anew. Nothing is refused by the machine"
ASK_DJP = "read the stored reply and ask DJP"
MEND = "mend user, password or address with DJP, set the credential, then `simojo delivery redrive`"
YEARS = ({"tahun": 2024, "dilaporkan": True}, {"tahun": 2025, "dilaporkan": True})


def _found(status: str = "TIDAK VALID", **findings: Any) -> dict[str, Any]:
    return {"hasil": {"status": status, "npwp": "DITEMUKAN", "nama": "SESUAI", "spt": list(YEARS), **findings}}


def _doubtful(name: str, attention: str, body: dict[str, Any]) -> Reply:
    return Reply(name=name, body=body, does=Does.ASK, state="answered", fact=DOUBTFUL, attention=attention, staff=JUDGE)


def _asked(name: str, attention: str, body: dict[str, Any], status: int = 200) -> Reply:
    return Reply(
        name=name, body=body, status=status, does=Does.ASK, state="answered", attention=attention, staff=ASK_DJP
    )


def _later(name: str, body: dict[str, Any], seconds: float) -> Reply:
    return Reply(name=name, body=body, does=Does.RETRY, state="not-sent", wait=(seconds, seconds), attempts=0)


def _error(code: str, text: str, **more: int) -> dict[str, Any]:
    return {"galat": {"kode": code, "pesan": text, **more}}


_MISSING = [YEARS[0], {"tahun": 2025, "dilaporkan": False}]

OUT: tuple[Reply, ...] = (
    Reply(name="all is well", body=_found("VALID"), does=Does.TAKE, state="answered", fact="TaxStatusConfirmed"),
    _doubtful("not found", "NPWP tidak ditemukan", {"hasil": {"status": "TIDAK VALID", "npwp": "TIDAK DITEMUKAN"}}),
    _doubtful("another name", "nama tidak sesuai dengan NPWP", _found(nama="TIDAK SESUAI")),
    _doubtful("a year without SPT", "SPT Tahunan 2025 belum dilaporkan", _found(spt=_MISSING)),
    _asked("a verdict against its findings", "Jawaban DJP bertentangan", _found("VALID", nama="TIDAK SESUAI")),
    _asked("the same year twice", "tanpa dua tahun SPT", _found("VALID", spt=[YEARS[0], YEARS[0]])),
    _asked("bad format", "kode FORMAT_SALAH", _error("FORMAT_SALAH", "Permintaan tidak sesuai format"), 400),
    _asked("a code that was not agreed", "kode BARU", _error("BARU", "?")),
    _later("the day's quota is spent", _error("KUOTA_HABIS", "Kuota harian telah habis", coba_lagi_detik=7200), 7200),
    _later("closed, without a time", _error("LAYANAN_DITUTUP", "Layanan ditutup untuk pemeliharaan"), 900),
    Reply(
        name="wrong user or password",
        status=401,
        body=_error("AKSES_DITOLAK", "User atau kata sandi salah"),
        does=Does.ASK,
        state="dead",
        attention="DJP menolak akses kantor (User atau kata sandi salah)",
        staff=MEND,
    ),
    Reply(
        name="another form than agreed",
        body={"hasil": {"status": "VALID", "npwp": "DITEMUKAN"}},
        does=Does.RETRY,
        state="unknown",
        wait=SCHEDULE,
    ),
    Reply(name="a maintenance page", body=HTML, does=Does.RETRY, state="unknown", wait=SCHEDULE),
    Reply(name="the server fails", status=502, body=HTML, does=Does.RETRY, state="unknown", wait=SCHEDULE),
)
"""Replies to status-wajib-pajak."""
