"""OSS-RBA, simulated: sends business numbers with their permits to the hub, and takes statuses from it."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import httpx2
from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from conformance.peers.documents import json_violations
from conformance.peers.journal import MASK
from conformance.peers.peer import Peer, RawBody
from conformance.signing.oss import token
from gateway.domain.errors import AgencyUnavailable, SchemaViolation


class Submission(BaseModel):
    """One permit that a business asks for. What is not given is made up from `id_izin`, the same each time."""

    id_izin: str = Field(min_length=1)
    kd_izin: str = Field(min_length=1)
    nik: str
    name: str
    phone: str
    company: str | None = None
    nib: str | None = None
    oss_id: str | None = None
    npwp: str = ""
    email: str = "pemohon@contoh.example"
    address: str = "Jalan Contoh 1, Mojokerto"
    site_address: str = "Jalan Contoh 17"
    kelurahan: str = "3576011003"
    activity: str = "Toko Contoh"
    tipe_dokumen: str = "9"


class OssPeer(Peer):
    """Submits on demand; checks `user_key` and keeps each status once."""

    agency = "oss"

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)

        @self.app.post("/receiveLicenseStatus")
        def receive_license_status(request: Request, body: RawBody) -> Response:
            return self.spoiled() or self._take(request.headers.get("user_key", ""), body)

        @self.app.post("/_control/submit")
        def submit(submission: Submission) -> dict[str, Any]:
            return self.submit(data_nib(submission))

        @self.app.get("/_control/statuses")
        def statuses() -> list[dict[str, Any]]:
            return [{"at": each["at"], **each["status"]} for each in self.journal.entries("status")]

    def guide(self) -> str:
        """Give a submission and the list of statuses."""
        return (
            "Ajukan izin / submit a permit (057600000001 PBG, 057600000002 KRK):\n\n```sh\n"
            "curl -s {peer}/_control/submit -H 'Content-Type: application/json' -d '{\n"
            '  "id_izin": "I-202603-000001", "kd_izin": "057600000001", "nik": "9999014506900001",\n'
            '  "name": "Siti Contoh", "phone": "081200000017", "company": "PT Contoh Sejahtera"}\'\n'
            "curl -s {peer}/_control/statuses\n```\n\n"
            "Token = SHA1(username + password + NIB + YYYYMMDD Jakarta), `POST {hub}/rest/oss/receiveNIB`.\n"
        )

    def submit(self, document: dict[str, Any]) -> dict[str, Any]:
        """Send a dataNIB to the hub and give its HTTP `status` and `body`.

        Raises SchemaViolation when the document breaks the agreed schema, AgencyUnavailable when the hub is away.
        """
        violations = json_violations("oss/receiveNIB/1.0/request", document)
        if violations:
            raise SchemaViolation("the submission makes no valid dataNIB: change its members", violations=violations)
        secrets, nib = self.config.secrets, document["dataNIB"]["nib"]
        header = token(secrets["username"], secrets["password"], nib, self.now())
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

    def _take(self, user_key: str, body: bytes) -> Response:
        if not hmac.compare_digest(user_key.encode(), self.config.secrets["user_key"].encode()):
            return self._answer(401, "user_key salah")
        try:
            status = json.loads(body)
        except ValueError:
            status = None
        violations = json_violations("oss/receiveLicenseStatus/1.0/request", status)
        if violations:
            return self._answer(400, "; ".join(f"{each.path} {each.rule}" for each in violations)[:1000])
        with self.taking:
            if not any(each["status"] == status["IZINSTATUS"] for each in self.journal.entries("status")):
                self.journal.append("status", status=status["IZINSTATUS"])
        return self._answer(200, "Sukses")

    def _answer(self, code: int, text: str) -> Response:
        if code != 200:
            self.journal.append("status-refused", code=code, text=text)
        envelope = {"responreceiveLicenseStatus": {"kode": str(code), "keterangan": text}}
        return JSONResponse(envelope, status_code=code)


def data_nib(submission: Submission) -> dict[str, Any]:
    """Build a complete dataNIB with one person, one project and one permit of the city's authority."""
    digest = hashlib.sha256(submission.id_izin.encode()).hexdigest()
    number = int(digest, 16) % 1_000_000
    project = f"P-{number:06d}"
    return {
        "dataNIB": {
            # seven zeros in front: no business number of this kind is given out
            "nib": submission.nib or f"{number:013d}",
            "oss_id": submission.oss_id or f"Q-{number:08d}",
            "kd_daerah": "3576000000",
            "kewenangan": "02",
            "jenis_pelaku_usaha": "01" if submission.company else "02",
            "npwp_perseroan": submission.npwp,
            "nama_perseroan": submission.company or submission.name,
            "skala_usaha": "02",
            "email_perusahaan": submission.email,
            "status_nib": "01",
            "tipe_dokumen": submission.tipe_dokumen,
            "penanggung_jwb": [
                {
                    "flag_asing": "N",
                    "jns_identitas_penanggung_jwb": "01",
                    "no_identitas_penanggung_jwb": submission.nik,
                    "nama_penanggung_jwb": submission.name,
                    "jabatan_penanggung_jwb": "Direktur" if submission.company else "Pemilik",
                    "npwp_penanggung_jwb": "",
                    "alamat_penanggung_jwb": submission.address,
                    "no_hp_penanggung_jwb": submission.phone,
                    "email_penanggung_jwb": submission.email,
                }
            ],
            "data_proyek": [
                {
                    "id_proyek": project,
                    "kbli": "47111",
                    "uraian_usaha": "Perdagangan eceran",
                    "nama_kegiatan": submission.activity,
                    "data_lokasi_proyek": [
                        {
                            "id_proyek_lokasi": "L-1",
                            "proyek_daerah_id": submission.kelurahan.replace(".", ""),
                            "alamat_usaha": submission.site_address,
                        }
                    ],
                }
            ],
            "data_checklist": [
                {
                    "id_produk": f"R-{number:06d}",
                    "id_proyek": project,
                    "id_izin": submission.id_izin,
                    "kd_izin": submission.kd_izin,
                    "kd_daerah": "3576000000",
                    "kewenangan": "02",
                    "flag_checklist": "1",
                    "data_persyaratan": [],
                }
            ],
        }
    }
