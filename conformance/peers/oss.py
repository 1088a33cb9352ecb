"""OSS-RBA, simulated: sends business numbers with their permits to the hub, takes statuses and permits, knows numbers.

Like the real one it has faults of its own, on request: a token made by a clock that is some minutes off (which matters
at Jakarta's midnight), deliveries that repeat with their members in another order, and envelopes under other names.
What it sends is `conformance.peers.oss_nib`; it takes the newest agreed statuses, so those of older agreements too.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import httpx2
from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from conformance.peers.documents import json_violations
from conformance.peers.journal import MASK
from conformance.peers.oss_nib import Submission, data_nib
from conformance.peers.peer import Peer, RawBody
from conformance.signing.oss import token
from gateway.domain.errors import AgencyUnavailable, SchemaViolation

BUSINESSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "0000000000017": ("PT Contoh Sejahtera", "01"),
        "0000000000025": ("CV Contoh Beku", "05"),
        "0000000000033": ("PT Contoh Dicabut", "06"),
        "0000000000041": ("PT Contoh Baru", "02"),
    }
)
"""NIB -> name and status_nib. Those that were submitted are known as well; any other is not found."""


REFUSALS: Mapping[str, str] = MappingProxyType(
    {"401": "Token tidak valid", "500": "Terjadi kesalahan pada server", "504": "Gateway Timeout"}
)
"""kode -> keterangan of what it answers under HTTP 200, on order."""

SCHEMAS: Mapping[str, str] = MappingProxyType(
    {
        "receiveNIB": "oss/receiveNIB/1.1/request",
        "receiveLicenseStatus": "oss/receiveLicenseStatus/1.1/request",
        "receiveLicense": "oss/receiveLicense/1.0/request",
        "inqueryNIB": "oss/inqueryNIB/1.0/request",
    }
)
"""The newest agreed schema of each method; what keeps to an older one keeps to it as well."""


class Spelling(BaseModel):
    """How answers are spelled from now on: the envelope's name (null: that of the method), the code as a number."""

    envelope: str | None = Field(default=None, pattern="^respon[A-Za-z]{1,40}$")
    number: bool = False


class OssPeer(Peer):
    """Submits on demand; checks `user_key` and keeps each status and permit once."""

    agency = "oss"
    refusals = REFUSALS

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)

        self._spelling = Spelling()

        @self.app.post("/receiveLicenseStatus")
        def receive_license_status(request: Request, body: RawBody) -> Response:
            return self.spoiled() or self._take("receiveLicenseStatus", "IZINSTATUS", "status", request, body)

        @self.app.post("/receiveLicense")
        def receive_license(request: Request, body: RawBody) -> Response:
            return self.spoiled() or self._take("receiveLicense", "IZINFINAL", "licence", request, body)

        @self.app.post("/inqueryNIB")
        def inquery_nib(request: Request, body: RawBody) -> Response:
            return self.spoiled() or self._tell(request, body)

        @self.app.post("/_control/submit")
        def submit(submission: Submission) -> dict[str, Any]:
            said = data_nib(submission)
            for number in range(submission.times):
                members = said["dataNIB"].items()
                again = {"dataNIB": dict(reversed(members) if number % 2 else members)}
                answer = self.submit(again, timedelta(minutes=submission.minutes_ahead))
            return answer

        @self.app.post("/_control/spelling")
        def spelling(asked: Spelling) -> dict[str, Any]:
            self._spelling = asked
            return asked.model_dump()

        @self.app.get("/_control/statuses")
        def statuses() -> list[dict[str, Any]]:
            return [{"at": each["at"], **each["status"]} for each in self.journal.entries("status")]

        @self.app.get("/_control/licences")
        def licences() -> list[dict[str, Any]]:
            return [{"at": each["at"], **each["licence"]} for each in self.journal.entries("licence")]

    def guide(self) -> str:
        """Give a submission and the list of statuses."""
        return (
            "Ajukan izin / submit a permit (057600000001 PBG, 057600000002 KRK):\n\n```sh\n"
            "curl -s {peer}/_control/submit -H 'Content-Type: application/json' -d '{\n"
            '  "id_izin": "I-202603-000001", "kd_izin": "057600000001", "nik": "9999014506900001",\n'
            '  "name": "Siti Contoh", "phone": "081200000017", "company": "PT Contoh Sejahtera"}\'\n'
            "curl -s {peer}/_control/statuses\ncurl -s {peer}/_control/licences\n```\n\n"
            "Gangguan / faults: `times` (pengiriman berulang / repeated deliveries) dan `minutes_ahead` (jam OSS, token"
            " tengah malam / OSS's clock, midnight token), `loose` (null, angka, pecahan / null, numbers, fractions),"
            " `elsewhere` (satu izin lagi di kota lain / one more permit, in another city), `passports` (direksi dengan"
            " paspor, tanpa NIK / directors with passports, no NIK) pada submit:\n\n```sh\n"
            "curl -s {peer}/_control/submit -H 'Content-Type: application/json' -d '{\n"
            '  "id_izin": "I-202603-000002", "kd_izin": "057600000001", "passports": ["X0000017"], "loose": true,\n'
            '  "name": "John Contoh", "phone": "081200000017", "company": "PT Contoh Asing",\n'
            '  "npwp": "000000000999000"}\'\n```\n\n'
            "Ejaan jawaban / spelling of answers:\n\n```sh\n"
            "curl -s {peer}/_control/spelling -H 'Content-Type: application/json'"
            ' -d \'{"envelope": "responcheckStatusLicense", "number": true}\'\n```\n\n'
            "NIB sintetis / synthetic NIBs: "
            + ", ".join(f"{nib} {name} (status_nib {status})" for nib, (name, status) in BUSINESSES.items())
            + ".\n\n"
            "Token = SHA1(username + password + NIB + YYYYMMDD Jakarta), `POST {hub}/rest/oss/receiveNIB`.\n"
        )

    def submit(self, document: dict[str, Any], ahead: timedelta = timedelta()) -> dict[str, Any]:
        """Send a dataNIB to the hub and give its HTTP `status` and `body`. `ahead`: OSS's clock before the hub's.

        Raises SchemaViolation when the document breaks the agreed schema, AgencyUnavailable when the hub is away.
        """
        violations = json_violations(SCHEMAS["receiveNIB"], document)
        if violations:
            raise SchemaViolation("the submission makes no valid dataNIB: change its members", violations=violations)
        secrets, nib = self.config.secrets, document["dataNIB"]["nib"]
        header = token(secrets["username"], secrets["password"], nib, self.now() + ahead)
        try:
            answer = self.client.post(
                f"{self.config.hub_url}/rest/oss/receiveNIB", json=document, headers={"Token": header}
            )
        except httpx2.HTTPError as fault:
            self.journal.append("submitted", request=document, token=MASK, status=None, text=type(fault).__name__)
            raise AgencyUnavailable(f"the hub gave no answer ({type(fault).__name__}): submit again") from fault
        try:
            body = answer.json()
        except ValueError:
            body = answer.text[:2000]
        self.journal.append("submitted", request=document, token=MASK, status=answer.status_code, answer=body)
        return {"status": answer.status_code, "body": body}

    def _take(self, method: str, envelope: str, kind: str, request: Request, body: bytes) -> Response:
        """Take what the hub tells, once each. `envelope` holds it, `kind` is its name in the journal."""
        said, refusal = self._read(method, request, body)
        if refusal is not None:
            return refusal
        with self.taking:
            if not any(each[kind] == said[envelope] for each in self.journal.entries(kind)):
                self.journal.append(kind, **{kind: said[envelope]})
        return self._answer(method, 200, "Sukses")

    def _tell(self, request: Request, body: bytes) -> Response:
        """Tell how a business number stands."""
        asked, refusal = self._read("inqueryNIB", request, body)
        if refusal is not None:
            return refusal
        nib = asked["INQUERYNIB"]["nib"]
        found = BUSINESSES.get(nib) or self._submitted(nib)
        self.journal.append("inquiry", nib=nib, found=found is not None)
        if found is None:
            return self._answer("inqueryNIB", 404, "NIB tidak ditemukan", status=200)
        name, status = found
        return self._answer(
            "inqueryNIB", 200, "Sukses", dataNIB={"nib": nib, "status_nib": status, "nama_perseroan": name}
        )

    def _submitted(self, nib: str) -> tuple[str, str] | None:
        sent = (each["request"]["dataNIB"] for each in reversed(self.journal.entries("submitted")))
        data = next((each for each in sent if each["nib"] == nib), None)
        return None if data is None else (data["nama_perseroan"], str(data["status_nib"]).zfill(2))

    def _read(self, method: str, request: Request, body: bytes) -> tuple[dict[str, Any], Response | None]:
        """Read what the hub says, or refuse it."""
        ordered = self.sayings.words()
        if ordered is not None:
            return {}, self._answer(method, int(ordered), REFUSALS[ordered], status=200)
        key = request.headers.get("user_key", "")
        if not hmac.compare_digest(key.encode(), self.config.secrets["user_key"].encode()):
            return {}, self._answer(method, 401, "user_key salah")
        try:
            said = json.loads(body)
        except ValueError:
            said = None
        violations = json_violations(SCHEMAS[method], said)
        if violations:
            text = "; ".join(f"{each.path} {each.rule}" for each in violations)[:1000]
            return {}, self._answer(method, 400, text)
        return said, None

    def _answer(self, method: str, code: int, text: str, *, status: int | None = None, **more: Any) -> Response:
        if code != 200:
            self.journal.append("refused", method=method, code=code, text=text)
        spelling = self._spelling
        envelope = spelling.envelope or f"respon{method}"
        content = {"kode": code if spelling.number else str(code), "keterangan": text, **more}
        return JSONResponse({envelope: content}, status_code=code if status is None else status)
