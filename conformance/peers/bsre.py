"""BSrE's client service v2, simulated: user states, passphrases and TOTPs, and real signatures by a key of its own.

Its errors come as JSON under HTTP 400; what its server answers by itself has `status` as a number, as Spring writes it.

    GET  /_control/totp/{nik}   the TOTP that the official's telephone would show now
    POST /_control/signing      {"kind", "times"}: answer the next requests with another file than the signed one
"""

from __future__ import annotations

import base64
import hmac
import json
import threading
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer, RawBody
from conformance.signing.pdf import signed_pdf

USERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "9999014101800001": ("Dewi Contoh", "ISSUE"),
        "9999014101800002": ("Eka Contoh", "EXPIRED"),
        "9999014101800003": ("Fajar Contoh", "RENEW"),
        "9999014101800004": ("Gita Contoh", "WAITING_FOR_VERIFICATION"),
        "9999014101800005": ("Hadi Contoh", "NEW"),
        "9999014101800006": ("Indah Contoh", "NO_CERTIFICATE"),
        "9999014101800007": ("Joko Contoh", "SUSPEND"),
        "9999014101800008": ("Kartika Contoh", "REVOKE"),
    }
)
"""NIK -> name and state. 9999 is the code of no region; any other NIK is not registered."""

TOTP_STEP_S = 30


class OddFile(StrEnum):
    """What comes in the place of the signed file."""

    UNSIGNED = "unsigned"
    """The file that was sent, as it was."""
    OTHER = "other"
    """The file that was signed last before this one."""
    TEXT = "text"
    """No PDF at all."""
    NOT_BASE64 = "not-base64"


class OddOrder(BaseModel):
    """Answer the next `times` requests so; `kind` null ends it."""

    kind: OddFile | None
    times: int = Field(default=1, ge=1)


class BsrePeer(Peer):
    """Signs for those who can sign, once a passphrase or a TOTP fits."""

    agency = "bsre"

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)
        self._odd: OddOrder | None = None
        self._odd_lock = threading.Lock()
        self._last = b""
        self._used: set[str] = set()

        @self.app.get("/api/user/status/{nik}")
        def status(nik: str, request: Request) -> Response:
            return self.spoiled() or self._stranger(request) or self._status(nik)

        @self.app.post("/api/v2/sign/pdf")
        def sign(request: Request, body: RawBody) -> Response:
            return self.spoiled() or self._stranger(request) or self._sign(body)

        @self.app.get("/_control/totp/{nik}")
        def totp(nik: str) -> dict[str, str]:
            return {"totp": self._totp(nik)}

        @self.app.post("/_control/signing")
        def signing(order: OddOrder) -> dict[str, Any]:
            with self._odd_lock:
                self._odd = order if order.kind is not None else None
            return order.model_dump()

    def guide(self) -> str:
        """Give the users and a question about one."""
        return (
            "Pengguna sintetis / synthetic users: "
            + ", ".join(f"{nik} {name} ({state})" for nik, (name, state) in USERS.items())
            + ".\n\nPassphrase semua pengguna ada di `config.json` / the passphrase of all users is in `config.json`;"
            " TOTP: `curl -s {peer}/_control/totp/9999014101800001`.\n\nTanyakan seperti hub bertanya / ask as the hub"
            " asks:\n\n```sh\n"
            "python3 - <<'EOF'\n"
            "import base64, json, urllib.request\n"
            "s = json.load(open('config.json'))['secrets']\n"
            "basic = base64.b64encode(f\"{s['basic_user']}:{s['basic_password']}\".encode()).decode()\n"
            "request = urllib.request.Request('{peer}/api/user/status/9999014101800001',\n"
            "    headers={'Authorization': f'Basic {basic}'})\n"
            "print(urllib.request.urlopen(request).read().decode())\nEOF\n```\n"
        )

    def _stranger(self, request: Request) -> Response | None:
        secrets = self.config.secrets
        basic = base64.b64encode(f"{secrets['basic_user']}:{secrets['basic_password']}".encode()).decode()
        if hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Basic {basic}".encode()):
            return None
        self.journal.append("refused", text="wrong basic credentials")
        said = {"status": 401, "error": "Unauthorized", "path": request.url.path}
        return JSONResponse(said, status_code=401)

    def _status(self, nik: str) -> Response:
        state = USERS.get(nik, ("", "NOT_REGISTERED"))[1]
        self.journal.append("user-status", nik=nik, state=state)
        return JSONResponse({"status_code": 1111 if state == "ISSUE" else 1110, "status": state})

    def _sign(self, body: bytes) -> Response:
        try:
            asked = json.loads(body)
        except ValueError:
            asked = None
        if json_violations("bsre/sign-pdf/1.0/request", asked):
            return self._no("", 400, "Format permintaan salah")
        nik, name_and_state = asked["nik"], USERS.get(asked["nik"])
        if name_and_state is None:
            return self._no(nik, 2011, "User tidak terdaftar")
        if name_and_state[1] != "ISSUE":
            return self._no(nik, 2021, f"Status sertifikat {name_and_state[1]}")
        if not self._fits(nik, asked):
            return self._no(nik, 2031, "Passphrase anda salah")
        properties = asked["signatureProperties"][0]
        try:
            pdf = base64.b64decode(asked["file"][0], validate=True)
            signed = signed_pdf(
                pdf,
                self.folder,
                name=name_and_state[0],
                reason=properties.get("reason", ""),
                location=properties.get("location", ""),
            )
        except Exception as fault:  # noqa: BLE001 - what pyHanko raises for damaged bytes is of many kinds
            return self._no(nik, 500, f"Berkas tidak dapat dibaca ({type(fault).__name__})")
        self.journal.append("signed", nik=nik, factor="totp" if "totp" in asked else "passphrase", size=len(signed))
        file = self._answered(pdf, signed)
        return JSONResponse({"time": 412, "file": [file]})

    def _answered(self, pdf: bytes, signed: bytes) -> str:
        with self._odd_lock:
            order, last, self._last = self._odd, self._last, signed
            if order is not None:
                self._odd = order.model_copy(update={"times": order.times - 1}) if order.times > 1 else None
        kind = None if order is None else order.kind
        if kind is OddFile.NOT_BASE64:
            return "%PDF-1.7 ..."
        odd = {OddFile.UNSIGNED: pdf, OddFile.OTHER: last, OddFile.TEXT: b"bukan PDF"}
        return base64.b64encode(odd.get(kind, signed) if kind is not None else signed).decode()

    def _no(self, nik: str, code: int, text: str) -> Response:
        self.journal.append("not-signed", nik=nik, code=code)
        return JSONResponse({"status_code": code, "error": text}, status_code=400)

    def _fits(self, nik: str, asked: Mapping[str, Any]) -> bool:
        if "passphrase" in asked:
            return hmac.compare_digest(asked["passphrase"].encode(), self.config.secrets["passphrase"].encode())
        totp = f"{nik}/{asked['totp']}"
        with self.taking:
            if totp in self._used or not hmac.compare_digest(asked["totp"].encode(), self._totp(nik).encode()):
                return False
            self._used.add(totp)
        return True

    def _totp(self, nik: str) -> str:
        """RFC 6238 with SHA-1 and six digits, over a key of the official's own."""
        key = hmac.digest(self.config.secrets["passphrase"].encode(), nik.encode(), "sha256")
        step = int(self.now().timestamp()) // TOTP_STEP_S
        digest = hmac.digest(key, step.to_bytes(8), "sha1")
        offset = digest[-1] & 0x0F
        number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
        return f"{number % 10**6:06d}"
