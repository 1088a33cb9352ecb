"""inqueryNIB (spelled so): does OSS know the NIB that an applicant named elsewhere, and is it active?

Since agreement 1.1. The guide has the question and the table of `status_nib`; that the answer repeats the number and
its status in `dataNIB`, inside the envelope, is agreed. A NIB that is not active calls a person and refuses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from adapters.oss.reading import NIB_NOT_ACTIVE, text_of
from adapters.oss.reply import NOT_FOUND, code_of, envelope, failed
from gateway.contract.adapter import Accept, AskPerson, Effect, Heard
from gateway.contract.message import Payload
from gateway.domain.case import PermitCase
from gateway.domain.errors import Refused
from gateway.domain.events import AttentionRaised, BusinessConfirmed, BusinessDoubtful, QueryBusiness

SOURCE = "oss/inqueryNIB"
ACTIVE = frozenset({"01", "03", "04"})
"""status_nib of an active number, and of two that are permitted."""

_REASONS: Mapping[str, str] = MappingProxyType({"02": "not-yet", "05": "frozen", "06": "revoked"})


def business_query(case: PermitCase, _ask: QueryBusiness, _message_id: str) -> Payload:
    """Ask about the NIB, and send nothing else of the applicant. Raises Refused for a case without one."""
    if case.applicant.nib is None:
        raise Refused(f"Berkas {case.id} tidak memuat NIB: tidak ada yang ditanyakan kepada OSS.")
    return {"INQUERYNIB": {"nib": str(case.applicant.nib)}}


def business_outcome(case: PermitCase, _ask: QueryBusiness, reply: Payload) -> Heard:
    """Read how the NIB stands; an answer about another number, or without a known status, is for a person."""
    if code_of(reply) == NOT_FOUND:
        return _doubtful(case, "not-found", "NIB tidak dikenal OSS.")
    if (no := failed(reply, "pertanyaan NIB")) is not None:
        return no
    data = envelope(reply).get("dataNIB")
    found = data if isinstance(data, dict) else {}
    status = text_of(found, "status_nib")
    if text_of(found, "nib") != case.applicant.nib:
        return AskPerson(text="OSS menjawab tentang NIB lain: periksa jawaban tersimpan.")
    if status in ACTIVE:
        return Accept(effects=(Effect(case=case.id, events=(BusinessConfirmed(),)),))
    if status in _REASONS:
        return _doubtful(case, _REASONS[status], f"NIB {NIB_NOT_ACTIVE[status]} menurut OSS.")
    return AskPerson(text=f"OSS menjawab status_nib {status or '-'}: tanyakan artinya.")


def _doubtful(case: PermitCase, reason: str, text: str) -> Accept:
    told = AttentionRaised(source=SOURCE, text=f"{text} Petugas menilai dan memberi tahu pemohon.")
    return Accept(effects=(Effect(case=case.id, events=(BusinessDoubtful(reason=reason, text=text), told)),))
