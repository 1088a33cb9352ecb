"""Signers and signatures: what BSrE is asked, and what its states, codes and files mean for a case."""

from __future__ import annotations

import base64
import hashlib

from gateway.contract.adapter import Accept, AskPerson, Effect, Heard, Retry, SignedFile
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import (
    CaseEvent,
    CheckSigner,
    DocumentSigned,
    NumberActivated,
    SignatureNotGiven,
    SignDocument,
    SigningMethod,
)

CAN_SIGN = "ISSUE"
NOT_YET = {
    "NEW": "belum mengaktifkan akun: aktivasi melalui tautan dari BSrE",
    "WAITING_FOR_VERIFICATION": "menunggu verifikasi: hubungi verifikator instansi",
    "NO_CERTIFICATE": "belum memiliki sertifikat: ajukan penerbitan sertifikat",
    "NOT_REGISTERED": "belum terdaftar: daftarkan pejabat pada BSrE, dan periksa NIK-nya di SIMOJO",
    "EXPIRED": "sertifikatnya kedaluwarsa: ajukan penerbitan baru",
    "RENEW": "sertifikatnya harus diperbarui: selesaikan pembaruan",
    "SUSPEND": "sertifikatnya ditangguhkan: hubungi BSrE",
    "REVOKE": "sertifikatnya dicabut: ajukan penerbitan baru, atau pejabat lain yang berwenang menandatangani",
}
"""What stands between an official and a signature in each state, and what to do about it."""

WRONG_PASSPHRASE, UNREGISTERED = "2031", "2011"


def signer_query(_case: PermitCase, ask: CheckSigner, _message_id: str) -> Payload:
    """Ask about the official by NIK, the one name that BSrE knows them by."""
    return {"nik": str(ask.signer_nik)}


def signer_known(_case: PermitCase, _ask: CheckSigner, reply: Payload) -> Heard:
    """Tell a person what to do before the official gives a passphrase in vain; of ISSUE nothing needs to be told."""
    status = reply.get("status")
    if isinstance(status, str) and status.strip().upper() == CAN_SIGN:
        return Accept()
    if isinstance(status, str) and status.strip().upper() in NOT_YET:
        state = status.strip().upper()
        return AskPerson(text=f"BSrE: pejabat belum dapat menandatangani ({state}), {NOT_YET[state]}.")
    return _failed(reply)


def document_to_sign(case: PermitCase, ask: SignDocument, _message_id: str) -> Payload:
    """Send the prepared PDF for an invisible signature; file and passphrase take their places at sending."""
    properties: dict[str, Json] = {
        "tampilan": "INVISIBLE",
        "reason": f"Pengesahan {case.service_name} {case.reserved_number}",
        "location": "Kota Mojokerto",
    }
    return {
        "nik": str(ask.signer_nik),
        ask.factor.value: f"{{{{held:{ask.challenge}}}}}",
        "signatureProperties": [properties],
        "file": [f"{{{{document:{ask.document_sha256}}}}}"],
    }


def document_signed(case: PermitCase, ask: SignDocument, reply: Payload) -> Heard:
    """Take the signed file, with which the number comes into force; a wrong passphrase lets the official try again."""
    files = reply.get("file")
    if not isinstance(files, list):
        if _code(reply) != WRONG_PASSPHRASE:
            return _failed(reply)
        text = "BSrE: passphrase atau TOTP salah. Minta PIN baru, lalu tandatangani lagi."
        refused = SignatureNotGiven(challenge=ask.challenge, reason="wrong-passphrase", text=text)
        return Accept(effects=(Effect(case=case.id, events=(refused,)),))
    asked, body = case.signature_asked, _file(files)
    if body is None:
        return AskPerson(text="BSrE menjawab tanpa satu berkas base64: periksa jawabannya, lalu tandatangani lagi.")
    if asked is None or asked.challenge != ask.challenge:
        return AskPerson(text="BSrE menandatangani untuk permintaan yang tidak berlaku lagi: berkasnya tidak dipakai.")
    signed = DocumentSigned(
        signer=asked.signer,
        signer_nip=asked.signer_nip,
        delegation=asked.delegation,
        method=SigningMethod.ELECTRONIC,
        document_sha256=ask.document_sha256,
        sha256=hashlib.sha256(body).hexdigest(),
        challenge=ask.challenge,
        signer_title=asked.signer_title,
    )
    active = NumberActivated(number=case.reserved_number or "", check_url=asked.check_url)
    events: tuple[CaseEvent, ...] = (signed, active)
    file = SignedFile(of=ask.document_sha256, body=body)
    return Accept(effects=(Effect(case=case.id, events=events, signed=(file,)),))


def _file(files: list[Json]) -> bytes | None:
    only = files[0] if len(files) == 1 else None
    try:
        return base64.b64decode(only, validate=True) if isinstance(only, str) and only else None
    except ValueError:
        return None


def _code(reply: Payload) -> str:
    return str(reply.get("status_code", reply.get("status", "")))


def _failed(reply: Payload) -> Heard:
    """What an error says: a trouble of BSrE's own is tried again, all else is for a person."""
    code = _code(reply)
    text = str(reply.get("error") or reply.get("message") or "tanpa keterangan")[:300]
    if len(code) == 3 and code.startswith("5"):
        return Retry(text=f"BSrE: {text} ({code})")
    if code == UNREGISTERED:
        return AskPerson(text=f"BSrE: pejabat {NOT_YET['NOT_REGISTERED']} ({text}).")
    if code == "401":
        return AskPerson(text="BSrE menolak akses kantor: periksa user dan sandi layanan (basic_user, basic_password).")
    return AskPerson(text=f"BSrE menjawab {code or 'tanpa kode'} ({text}): periksa, lalu tandatangani lagi.")
