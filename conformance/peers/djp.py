"""The national tax authority, simulated: the tax status of a handful of synthetic taxpayers.

It speaks the format of the agreement, since DJP publishes none. The NPWPs are made up: no tax office has code 999.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer, RawBody
from gateway.domain.calendar import JAKARTA

KIND = "verify-tax-status"
YEARS = 2


@dataclass(frozen=True)
class Taxpayer:
    """A name, and how many of the two last years it has filed, the older one first."""

    name: str
    filed: int = YEARS


TAXPAYERS: Mapping[str, Taxpayer] = MappingProxyType(
    {
        "0000000000999000": Taxpayer("PT Contoh Sejahtera"),
        "0000000018999000": Taxpayer("Siti Contoh"),
        "9999015708850002": Taxpayer("Budi Contoh"),
        "0000000026999000": Taxpayer("CV Contoh Lalai", filed=1),
        "0000000034999000": Taxpayer("PT Contoh Belum Lapor", filed=0),
    }
)
"""NPWP of sixteen digits -> taxpayer. Any other NPWP is not found."""


class DjpPeer(Peer):
    """Answers whether a tax status is valid, and by which findings; counts a daily quota down."""

    agency = "djp"

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)

        @self.app.post("/status-wajib-pajak")
        def tax_status(request: Request, body: RawBody) -> Response:
            return self.spoiled() or self._answer(request.headers.get("authorization", ""), body)

    def guide(self) -> str:
        """Give an example question."""
        return (
            "Wajib pajak sintetis / synthetic taxpayers: "
            + ", ".join(f"{npwp} {each.name} ({each.filed} SPT)" for npwp, each in TAXPAYERS.items())
            + ".\n\nTanyakan seperti hub bertanya / ask as the hub asks:\n\n```sh\n"
            "python3 - <<'EOF'\n"
            "import base64, json, urllib.request\n"
            "s = json.load(open('config.json'))['secrets']\n"
            "body = {'nomor_permintaan': 'coba-1', 'npwp': '0000000000999000', 'nama': 'PT Contoh Sejahtera'}\n"
            "basic = base64.b64encode(f\"{s['basic_user']}:{s['basic_password']}\".encode()).decode()\n"
            "request = urllib.request.Request('{peer}/status-wajib-pajak', json.dumps(body).encode(),\n"
            "    {'Authorization': f'Basic {basic}', 'Content-Type': 'application/json'})\n"
            "print(urllib.request.urlopen(request).read().decode())\nEOF\n```\n"
        )

    def _answer(self, authorization: str, body: bytes) -> Response:
        try:
            asked = json.loads(body)
        except ValueError:
            asked = None
        answer: dict[str, Any]
        status, counted = 200, False
        if not self._is_known(authorization):
            status, answer = 401, _error("AKSES_DITOLAK", "User atau kata sandi salah")
        elif json_violations("djp/verify-tax-status/1.0/request", asked):
            status, answer = 400, _error("FORMAT_SALAH", "Permintaan tidak sesuai format")
        elif self.quota_left(KIND) <= 0:
            answer = _error("KUOTA_HABIS", "Kuota harian telah habis", _until_tomorrow(self.now()))
        else:
            answer, counted = {"hasil": _found(asked, self.now().astimezone(JAKARTA).year)}, True
        self.journal.append(KIND, request=asked, answer=answer, counted=counted)
        return JSONResponse(answer, status_code=status)

    def _is_known(self, authorization: str) -> bool:
        secrets = self.config.secrets
        basic = base64.b64encode(f"{secrets['basic_user']}:{secrets['basic_password']}".encode()).decode()
        return hmac.compare_digest(authorization.encode(), f"Basic {basic}".encode())


def _found(asked: Mapping[str, str], this_year: int) -> dict[str, Any]:
    taxpayer = TAXPAYERS.get(asked["npwp"])
    if taxpayer is None:
        return {"status": "TIDAK VALID", "npwp": "TIDAK DITEMUKAN"}
    named = _plain(asked["nama"]) == _plain(taxpayer.name)
    years = [{"tahun": this_year - YEARS + n, "dilaporkan": n < taxpayer.filed} for n in range(YEARS)]
    return {
        "status": "VALID" if named and taxpayer.filed == YEARS else "TIDAK VALID",
        "npwp": "DITEMUKAN",
        "nama": "SESUAI" if named else "TIDAK SESUAI",
        "spt": years,
    }


def _error(code: str, text: str, after_s: int | None = None) -> dict[str, Any]:
    return {"galat": {"kode": code, "pesan": text} | ({} if after_s is None else {"coba_lagi_detik": after_s})}


def _until_tomorrow(now: datetime) -> int:
    """Seconds until the quota is filled up again, at midnight in Jakarta."""
    here = now.astimezone(JAKARTA)
    midnight = datetime.combine(here.date() + timedelta(days=1), time(), JAKARTA)
    return max(1, int((midnight - here).total_seconds()))


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
