"""The other city offices, simulated: what each answers, in its own words.

dinkes         REST; the registration (STR) that it tells of ends in ten years
dlh            SOAP 1.2
dishub         REST; enters the request in its register and says so, then decides
bakesbangpol   SOAP 1.1
bpkpd          REST; what a taxpayer owes, which `DEBTS` says; and a file of the retribusi in its books
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, ClassVar

from fastapi import Request, Response
from pydantic import BaseModel, Field

from conformance.peers.journal import Entry, masked
from conformance.peers.peer import RawBody
from conformance.peers.recommendation import Members
from conformance.peers.recommendation_rest import RestRecommendationPeer
from conformance.peers.recommendation_soap import SoapRecommendationPeer
from conformance.peers.record_files import RecordFiles
from conformance.signing import soap
from gateway.domain.calendar import local_date
from gateway.domain.errors import GatewayError

ARREARS = "arrears"
STR_HOLDS = timedelta(days=3650)
RECOMMENDATION_HOLDS = timedelta(days=180)

DEBTS: Mapping[str, Sequence[Members]] = MappingProxyType(
    {
        "9999015708850002": (
            {"jenis": "Pajak Reklame", "masa": "2024", "jumlah": 500_000},
            {"jenis": "Pajak Reklame", "masa": "2025", "jumlah": 750_000},
        ),
        "000000000999000": ({"jenis": "Retribusi Pemakaian Kekayaan Daerah", "masa": "2025", "jumlah": 12_000_000},),
    }
)
"""Number of a taxpayer -> what is owed; a person's NIK, and a firm's NPWP. All others owe nothing."""


class DinkesPeer(RestRecommendationPeer):
    """Judges practices."""

    agency = "dinkes"
    numbered: ClassVar[str] = "445/{number:04d}/{year}"

    def answers(self, entry: Entry) -> Sequence[Members]:
        """Give the one answer."""
        said: dict[str, Any] = {**_head(entry), "hasil": "tidak-direkomendasikan", "pejabat": self.official}
        if entry["favourable"]:
            until = (date.fromisoformat(entry["date"]) + STR_HOLDS).isoformat()
            said |= {"hasil": "direkomendasikan", "strBerlakuSampai": until, "tempatPraktikKe": 1}
        return (said | _listed("syarat", entry),)


class DlhPeer(SoapRecommendationPeer):
    """Judges undertakings by their surroundings."""

    agency = "dlh"
    asked = "PermintaanPertimbangan"
    answered = "Pertimbangan"
    numbered: ClassVar[str] = "660/{number:04d}/{year}"

    def answers(self, entry: Entry) -> Sequence[Members]:
        """Give the one answer."""
        judged = {"layak": entry["favourable"], "jenisDokumen": "UKL-UPL", "pejabat": self.official}
        return ({**_head(entry), **judged, "kewajiban": entry["conditions"]},)


class DishubPeer(RestRecommendationPeer):
    """Judges routes, in two steps."""

    agency = "dishub"
    numbered: ClassVar[str] = "551/{number:04d}/{year}"

    def answers(self, entry: Entry) -> Sequence[Members]:
        """Give the entry in the register, then the recommendation."""
        entered = {"perkara": entry["case"], "tahap": "diterima", "tanggal": entry["date"]}
        agenda = {"nomorAgenda": f"AG-{entry['number']}"}
        judged: dict[str, Any] = {"nomor": entry["number"], "setuju": entry["favourable"], "pejabat": self.official}
        if entry["favourable"]:
            judged["jumlahKendaraan"] = 4
        decided = {**entered, "tahap": "selesai", **agenda, **judged, **_listed("syarat", entry)}
        return ({**entered, **agenda}, decided)


class BakesbangpolPeer(SoapRecommendationPeer):
    """Judges studies."""

    agency = "bakesbangpol"
    version: ClassVar[str] = soap.SOAP_11
    asked = "PermintaanRekomendasi"
    answered = "Rekomendasi"
    numbered: ClassVar[str] = "072/{number:04d}/{year}"

    def answers(self, entry: Entry) -> Sequence[Members]:
        """Give the one answer."""
        said: dict[str, Any] = {**_head(entry), "setuju": entry["favourable"], "pejabat": self.official}
        if entry["favourable"]:
            said["berlakuSampai"] = (date.fromisoformat(entry["date"]) + RECOMMENDATION_HOLDS).isoformat()
        return (said | {"ketentuan": entry["conditions"]},)


class Books(BaseModel):
    """Whether BPKPD's books are being closed: then it tells nobody what is owed."""

    closed: bool


class Booked(BaseModel):
    """Retribusi that was paid into the city's account: the SKRD, its payment code and whole rupiah."""

    skrd: str = Field(min_length=1, max_length=60)
    code: str = Field(pattern="^[0-9]{1,28}$")
    amount: int = Field(ge=1)


class Realised(BaseModel):
    """What today's list of realised retribusi holds; `whole`: its manifest says that it is complete about today."""

    booked: list[Booked] = Field(min_length=1, max_length=1000)
    whole: bool = False


class BpkpdPeer(RestRecommendationPeer):
    """Judges the use of the city's assets, and keeps the books."""

    agency = "bpkpd"
    numbered: ClassVar[str] = "900/{number:04d}/{year}"
    paths: ClassVar[Sequence[str]] = ("/rekomendasi",)

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)
        self._closed = False

        @self.app.post("/tunggakan")
        def arrears(request: Request, body: RawBody) -> Response:
            return self.spoiled() or self._tell(request.headers, body)

        @self.app.post("/_control/books")
        def books(books: Books) -> dict[str, bool]:
            self._closed = books.closed
            return books.model_dump()

        @self.app.post("/_control/realised")
        def realised(realised: Realised) -> dict[str, Any]:
            now = local_date(self.now())
            today, day = now.isoformat(), (now if realised.whole else now - timedelta(days=1)).isoformat()
            lines = [
                {"nomorSkrd": each.skrd, "kodeBayar": each.code, "jumlah": str(each.amount), "tanggal": today}
                for each in realised.booked
            ]
            return RecordFiles(self, "retribusi").deliver(lines, (day, day)).told()

    def guide(self) -> str:
        """Say who owes what, besides the ways to act as any office."""
        owing = ", ".join(f"{number} Rp{sum(each['jumlah'] for each in owed)}" for number, owed in DEBTS.items())
        return (
            f"Wajib pajak sintetis yang menunggak / synthetic taxpayers who owe: {owing}.\n\n"
            "Tutup buku, hub bertanya lagi nanti / close the books, the hub asks again later:\n\n```sh\n"
            "curl -s {peer}/_control/books -H 'Content-Type: application/json' -d '{\"closed\": true}'\n```\n\n"
            "Daftar realisasi retribusi sebagai berkas / the list of realised retribusi as a file:\n\n```sh\n"
            "curl -s {peer}/_control/realised -H 'Content-Type: application/json' -d '{\"booked\": [\n"
            '  {"skrd": "<nomor SKRD>", "code": "<kode bayar>", "amount": 250000}]}\'\n```\n\n' + super().guide()
        )

    def answers(self, entry: Entry) -> Sequence[Members]:
        """Give the one answer."""
        said: dict[str, Any] = {**_head(entry), "setuju": entry["favourable"], "pejabat": self.official}
        if entry["favourable"]:
            said["nilaiPerTahun"] = 12_500_000
        return (said | _listed("syarat", entry),)

    def _tell(self, headers: Mapping[str, str], body: bytes) -> Response:
        try:
            claims, asked = self.read(headers, body, ARREARS)
        except GatewayError as refused:
            return self.refused(refused)
        said = self._owed(asked["perkara"], DEBTS.get(asked["wajibPajak"]["nomor"], ()))
        self.journal.append(ARREARS, request=asked | {"wajibPajak": masked(asked["wajibPajak"], "nomor")}, answer=said)
        return self.reply(said, claims, body, self.new_message_id())

    def _owed(self, case: str, debts: Sequence[Members]) -> Members:
        if self._closed:
            return {"perkara": case, "status": "tutup-buku", "cobaLagiDetik": 60}
        read = {"perkara": case, "perTanggal": local_date(self.now()).isoformat()}
        if not debts:
            return {**read, "status": "nihil"}
        return {**read, "status": "menunggak", "jumlah": sum(each["jumlah"] for each in debts), "rincian": list(debts)}


def _head(entry: Entry) -> dict[str, Any]:
    return {"perkara": entry["case"], "nomor": entry["number"], "tanggal": entry["date"]}


def _listed(name: str, entry: Entry) -> dict[str, Any]:
    """In JSON a list without entries is left out."""
    return {name: entry["conditions"]} if entry["conditions"] else {}
