"""DJP (the national tax authority): the applicant's tax status (KSWP). REST, one query.

No wire format of it is public. Known is the rule alone: a status is valid only if NPWP and name match and the SPT of
two years are filed. The agreement defines the rest, and the schemas are its annex: the answer tells each of the three
findings beside DJP's own verdict, an NPWP travels in sixteen digits, a business error comes as `galat`, and a spent
quota says in `coba_lagi_detik` when to come again.

Nothing here refuses an application: what is not confirmed is for an officer to look at.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.adapter import (
    Accept,
    Adapter,
    Agency,
    AgencyKind,
    AskPerson,
    Effect,
    Heard,
    Query,
    Repeat,
    Retry,
)
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import (
    AttentionRaised,
    CaseEvent,
    TaxStatusConfirmed,
    TaxStatusDoubtful,
    VerifyTaxStatus,
)

DIGITS = 16
"""Of an NPWP on the wire: those of fifteen get a zero in front."""

YEARS = 2
"""Whose SPT have to be filed."""

LATER_S = 900
"""Seconds to wait where DJP does not say how many."""

SOURCE = "djp/verify-tax-status"
_LATER = frozenset({"KUOTA_HABIS", "LAYANAN_DITUTUP"})


def status_query(case: PermitCase, _ask: VerifyTaxStatus, message_id: str) -> Payload:
    """Send the NPWP and the name that it should stand under; `nomor_permintaan` is for DJP's own trail (22(2))."""
    npwp, name = case.applicant.taxpayer
    return {"nomor_permintaan": message_id, "npwp": str(npwp).zfill(DIGITS), "nama": name}


def status_outcome(case: PermitCase, _ask: VerifyTaxStatus, reply: Payload) -> Heard:
    """Read DJP's findings; what they leave open, or where they contradict the verdict, a person looks."""
    error = reply.get("galat")
    if isinstance(error, dict):
        return _failed(error)
    found = reply["hasil"]
    if not isinstance(found, dict) or not _names_two_years(found):
        return AskPerson(text="DJP menjawab tanpa dua tahun SPT: periksa jawaban tersimpan.")
    doubts = list(_doubts(found))
    if (found["status"] == "VALID") is bool(doubts):
        return AskPerson(text=f"Jawaban DJP bertentangan: status {found['status']}, rinciannya lain. Tanyakan DJP.")
    if not doubts:
        return _heard(case, TaxStatusConfirmed())
    text = " ".join(sentence for _, sentence in doubts)
    told = AttentionRaised(source=SOURCE, text=f"{text} Petugas menilai dan memberi tahu pemohon.")
    return _heard(case, TaxStatusDoubtful(reason=doubts[0][0], text=text), told)


def _failed(error: dict[str, Json]) -> Heard:
    code, text = str(error["kode"]), str(error["pesan"])
    if code in _LATER:
        after_s = error.get("coba_lagi_detik")
        return Retry(text=f"DJP {code}: {text}", after_s=after_s if isinstance(after_s, int) else LATER_S, counts=False)
    if code == "AKSES_DITOLAK":
        refused = f"DJP menolak akses kantor ({text}): perbaiki user, sandi atau alamat IP, lalu kirim ulang."
        return AskPerson(text=refused, again=True)
    return AskPerson(text=f"DJP tidak dapat memproses permintaan (kode {code}: {text}): periksa NPWP pemohon.")


def _doubts(found: dict[str, Json]) -> Iterator[tuple[str, str]]:
    if found["npwp"] != "DITEMUKAN":
        yield "not-found", "DJP: NPWP tidak ditemukan."
        return
    if found["nama"] != "SESUAI":
        yield "name-differs", "DJP: nama tidak sesuai dengan NPWP."
    missing = [str(year) for year, filed in sorted(_years(found)) if not filed]
    if missing:
        yield "spt-missing", f"DJP: SPT Tahunan {' dan '.join(missing)} belum dilaporkan."


def _names_two_years(found: dict[str, Json]) -> bool:
    return found["npwp"] != "DITEMUKAN" or len({year for year, _ in _years(found)}) == YEARS


def _years(found: dict[str, Json]) -> Iterator[tuple[int, bool]]:
    listed = found.get("spt")
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and isinstance(each["tahun"], int):
            yield each["tahun"], each["dilaporkan"] is True


def _heard(case: PermitCase, *events: CaseEvent) -> Accept:
    return Accept(effects=(Effect(case=case.id, events=events),))


ADAPTER = Adapter(
    agency=Agency("djp", "Direktorat Jenderal Pajak", AgencyKind.VERTICAL),
    agreement="djp-2026",
    package=__name__,
    interactions=(
        Query(
            name="verify-tax-status",
            serves=VerifyTaxStatus,
            security="basic",
            path="status-wajib-pajak",
            request="djp/verify-tax-status/1.0/request",
            reply="djp/verify-tax-status/1.0/reply",
            to_agency=status_query,
            to_case=status_outcome,
            repeat=Repeat.SAFE,
        ),
    ),
)
