"""The population registry, simulated: CALL_VERIFY_BY_ELEMEN over a handful of synthetic residents.

Like the real one it says business errors under HTTP 200 in `content[0]`, and on request it spells each answer in
another way: capitals, members under other names, codes as numbers.
"""

from __future__ import annotations

import base64
import hmac
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from conformance.peers.documents import json_violations
from conformance.peers.journal import masked
from conformance.peers.peer import Peer, RawBody

RESIDENTS: Mapping[str, str] = MappingProxyType(
    {
        "9999014506900001": "Siti Contoh",
        "9999015708850002": "Budi Contoh",
        "9999011203780003": "Agus Contoh",
        "9999016511920004": "Dewi Contoh",
    }
)
"""NIK -> name. 9999 is the code of no region."""

SPECIAL: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "9999010101300011": ("11", "Meninggal Dunia"),
        "9999010101800012": ("12", "Data Ganda"),
        "9999010101800014": ("14", "Data Tidak Aktif"),
        "9999010101800000": ("00", "-"),
        "9999010101800008": ("08", "-"),
    }
)
"""NIK -> RESPONSE_CODE and text, to try the refusals."""

REFUSALS: Mapping[str, str] = MappingProxyType(
    {
        "login-failed": "Login Gagal",
        "address-refused": "IP Address Tidak Sesuai",
        "quota-spent": "Kuota Akses Hari ini telah Habis",
        "unknown-words": "Layanan Sedang Disesuaikan",
    }
)
"""What it says of whoever asks about whomever, on order; nobody has ever explained the last one."""

KIND = "verify-resident"
_CREDENTIALS = (("USER_ID", "user_id"), ("PASSWORD", "password"))


class Spelling(BaseModel):
    """`varying`: from now on the n-th answer is spelled in the n-th way, and then from the first again."""

    varying: bool


class DukcapilPeer(Peer):
    """Answers whether NIK and name belong together; counts a daily quota down."""

    agency = "dukcapil"
    refusals = REFUSALS

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)
        self._turns: Iterator[int] | None = None

        @self.app.post("/_control/spelling")
        def spelling(asked: Spelling) -> dict[str, Any]:
            self._turns = itertools.cycle(range(len(SPELLINGS))) if asked.varying else None
            return asked.model_dump()

        @self.app.post("/CALL_VERIFY_BY_ELEMEN")
        def verify_by_element(request: Request, body: RawBody) -> Response:
            return self.spoiled() or self._answer(request.headers.get("authorization", ""), body)

    def guide(self) -> str:
        """Give an example question."""
        return (
            "Penduduk sintetis / synthetic residents: "
            + ", ".join(f"{nik} {name}" for nik, name in RESIDENTS.items())
            + ".\n\nTanyakan seperti hub bertanya / ask as the hub asks:\n\n```sh\n"
            "python3 - <<'EOF'\n"
            "import base64, json, urllib.request\n"
            "config = json.load(open('config.json')); s = config['secrets']\n"
            "body = {'USER_ID': s['user_id'], 'PASSWORD': s['password'], 'IP_USER': s['ip_user'],\n"
            "        'TRESHOLD': '90', 'NIK': '9999014506900001', 'NAMA_LGKP': 'Siti Contoh'}\n"
            "basic = base64.b64encode(f\"{s['basic_user']}:{s['basic_password']}\".encode()).decode()\n"
            "request = urllib.request.Request('{peer}/CALL_VERIFY_BY_ELEMEN', json.dumps(body).encode(),\n"
            "    {'Authorization': f'Basic {basic}', 'Content-Type': 'application/json'})\n"
            "print(urllib.request.urlopen(request).read().decode())\nEOF\n```\n\n"
            "Ejaan jawaban berganti-ganti / answers in varying spelling:\n\n```sh\n"
            "curl -s {peer}/_control/spelling -H 'Content-Type: application/json' -d '{\"varying\": true}'\n```\n"
        )

    def _answer(self, authorization: str, body: bytes) -> Response:
        try:
            asked = json.loads(body)
        except ValueError:
            asked = None
        asked = asked if isinstance(asked, dict) else {}
        ordered = self.sayings.words()
        content = {"RESPON": REFUSALS[ordered]} if ordered is not None else self._refusal(authorization, asked)
        left = 0 if ordered == "quota-spent" else self.quota_left(KIND)
        counted = content is None
        if counted and left <= 0:
            content, counted = {"RESPON": "Kuota Akses Hari ini telah Habis"}, False
        if content is None:
            content, left = _verdict(asked), left - 1
        if self._turns is not None:
            content = SPELLINGS[next(self._turns)](content)
        answer = {"content": [content], "quotaLimiter": left}
        self.journal.append(
            KIND,
            request=masked(asked, "USER_ID", "PASSWORD", "IP_USER"),
            answer=answer,
            counted=counted,
        )
        return JSONResponse(answer)

    def _refusal(self, authorization: str, asked: Mapping[str, Any]) -> dict[str, str] | None:
        """Give the refusal that comes before any look at the registry."""
        secrets = self.config.secrets
        basic = base64.b64encode(f"{secrets['basic_user']}:{secrets['basic_password']}".encode()).decode()
        known = [hmac.compare_digest(authorization.encode(), f"Basic {basic}".encode())]
        known += [hmac.compare_digest(str(asked.get(a, "")).encode(), secrets[b].encode()) for a, b in _CREDENTIALS]
        if not all(known):
            return {"RESPON": "Login Gagal"}
        if asked.get("IP_USER") != secrets["ip_user"]:
            return {"RESPON": "IP Address Tidak Sesuai"}
        if json_violations("dukcapil/verify-resident/1.0/request", asked):
            return {"RESPONSE_CODE": "15", "RESPONSE": "Format Data Salah"}
        return None


def _as_documented(content: dict[str, Any]) -> dict[str, Any]:
    return content


def _in_capitals(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value.upper() for name, value in content.items()}


def _close_together(content: dict[str, Any]) -> dict[str, Any]:
    names = {"RESPON": "RESPONSE"}
    return {names.get(name, name): value.replace(" (", "(") for name, value in content.items()}


def _code_as_number(content: dict[str, Any]) -> dict[str, Any]:
    names = {"RESPONSE": "RESPONSE_DESC", "RESPON": "RESPONSE_DESC"}
    spelled: dict[str, Any] = {names.get(name, name): value.lower() for name, value in content.items()}
    if "RESPONSE_CODE" in spelled:
        spelled["RESPONSE_CODE"] = int(spelled["RESPONSE_CODE"])
    return spelled


SPELLINGS: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = (
    _as_documented,
    _in_capitals,
    _close_together,
    _code_as_number,
)
"""Ways in which one content was seen."""


def _verdict(asked: Mapping[str, Any]) -> dict[str, str]:
    nik = asked["NIK"]
    if nik in SPECIAL:
        code, text = SPECIAL[nik]
        return {"RESPONSE_CODE": code, "RESPONSE": text}
    if nik not in RESIDENTS:
        return {"RESPONSE_CODE": "13", "RESPONSE": "Data Tidak Ditemukan"}
    score = similarity(asked["NAMA_LGKP"], RESIDENTS[nik])
    word = "Sesuai" if score >= int(asked["TRESHOLD"]) else "Tidak Sesuai"
    return {"NIK": "Sesuai", "NAMA_LGKP": f"{word} ({score})"}


def similarity(one: str, other: str) -> int:
    """Compare two names in percent, without regard to case and spacing."""
    first, second = (" ".join(each.casefold().split()) for each in (one, other))
    return int(SequenceMatcher(None, first, second).ratio() * 100)
