"""Dukcapil (population registry): is this NIK an active resident of that name? REST, one query.

Known from public client code and guides: the path, the field names (TRESHOLD is spelled so), verdicts such as
`Tidak Sesuai (59)`, business errors under HTTP 200 in `content[0]`, their codes 11 to 15 and their texts in varying
case. Not explained anywhere: codes 00 and 08, and a NIK that is answered `Tidak Sesuai`; an officer is asked.

Modelled here, because no public text fixes it: the threshold of names (90), and that a spent quota is tried again
hourly for as long as it takes, since nobody says when the registry fills it up.
"""

from __future__ import annotations

import re

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
from gateway.domain.errors import Refused
from gateway.domain.events import CaseEvent, ResidentRefuted, ResidentVerified, VerifyResident

NAME_THRESHOLD = "90"
"""Percent of similarity from which Dukcapil calls two names `Sesuai`."""

QUOTA_RETRY_S = 3600

_VERDICT = re.compile(r"(?P<no>tidak )?sesuai(?: ?\((?P<score>100|[0-9]{1,2})\))?", re.IGNORECASE)
_ERROR_MEMBERS = ("RESPON", "RESPONSE", "RESPONSE_DESC")
_CONFIGURATION_TEXTS = ("login gagal", "ip address tidak sesuai")
_REFUTED = {
    "11": ("deceased", "Dukcapil: NIK tercatat meninggal dunia."),
    "12": ("duplicate", "Dukcapil: NIK tercatat ganda."),
    "13": ("not-found", "Dukcapil: NIK tidak ditemukan."),
    "14": ("inactive", "Dukcapil: NIK tidak aktif."),
}


def resident_query(case: PermitCase, _ask: VerifyResident, _message_id: str) -> Payload:
    """Send the two elements that the agreement permits, and the places of the office's credentials.

    Raises Refused for an applicant without NIK: a correction may have taken it away since this was asked.
    """
    if case.applicant.nik is None:
        raise Refused(f"Berkas {case.id} tidak lagi memuat NIK: tidak ada yang ditanyakan kepada Dukcapil.")
    return {
        "USER_ID": "{{secret:user_id}}",
        "PASSWORD": "{{secret:password}}",
        "IP_USER": "{{secret:ip_user}}",
        "TRESHOLD": NAME_THRESHOLD,
        "NIK": str(case.applicant.nik),
        "NAMA_LGKP": case.applicant.name,
    }


def resident_outcome(case: PermitCase, _ask: VerifyResident, reply: Payload) -> Heard:
    """Read Dukcapil's verdict; neither a spent quota nor a wrong password says anything about the NIK."""
    content = reply["content"]
    answer = content[0] if isinstance(content, list) else None
    if not isinstance(answer, dict):
        return AskPerson(text="Dukcapil menjawab tanpa isi: periksa jawaban tersimpan.")
    text = " ".join(str(answer[member]) for member in _ERROR_MEMBERS if member in answer)
    if "kuota" in text.casefold():
        return Retry(text=f"Dukcapil: {text}", after_s=QUOTA_RETRY_S, counts=False)
    if any(each in text.casefold() for each in _CONFIGURATION_TEXTS):
        refused = f"Dukcapil menolak akses kantor ({text}): perbaiki user, sandi atau alamat IP, lalu kirim ulang."
        return AskPerson(text=refused, again=True)
    code = str(answer.get("RESPONSE_CODE", "13" if "data tidak ditemukan" in text.casefold() else ""))
    if code in _REFUTED:
        reason, sentence = _REFUTED[code]
        return _heard(case, ResidentRefuted(reason=reason, text=sentence))
    if code or text:
        return AskPerson(
            text=f"Dukcapil menjawab kode {code or '-'} ({text or '-'}): periksa NIK dan tanyakan artinya."
        )
    return _verdict(case, answer)


def _verdict(case: PermitCase, answer: dict[str, Json]) -> Heard:
    nik, name = (_VERDICT.fullmatch(str(answer.get(member, "")).strip()) for member in ("NIK", "NAMA_LGKP"))
    if nik is None or name is None or nik["no"]:
        return AskPerson(text="Dukcapil menjawab dalam bentuk yang tidak dikenal: periksa jawaban tersimpan.")
    score = int(name["score"]) if name["score"] else None
    if name["no"]:
        shown = "" if score is None else f" (kemiripan {score})"
        return _heard(case, ResidentRefuted(reason="name-differs", text=f"Dukcapil: nama tidak sesuai NIK{shown}."))
    return _heard(case, ResidentVerified(name_score=score))


def _heard(case: PermitCase, event: CaseEvent) -> Accept:
    return Accept(effects=(Effect(case=case.id, events=(event,)),))


ADAPTER = Adapter(
    agency=Agency("dukcapil", "Dinas Kependudukan dan Pencatatan Sipil", AgencyKind.VERTICAL),
    agreement="dukcapil-2026",
    package=__name__,
    interactions=(
        Query(
            name="verify-resident",
            serves=VerifyResident,
            security="basic",
            path="CALL_VERIFY_BY_ELEMEN",
            redact=("USER_ID", "PASSWORD", "IP_USER"),
            request="dukcapil/verify-resident/1.0/request",
            reply="dukcapil/verify-resident/1.0/reply",
            to_agency=resident_query,
            to_case=resident_outcome,
            repeat=Repeat.SAFE,
        ),
    ),
)
