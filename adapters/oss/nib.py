"""receiveNIB: a business number with permits becomes cases, corrections or withdrawals.

`tipe_dokumen` decides: 9 (original) opens a case for each permit that is the city's; 5 (update) corrects the cases
that are there and opens those that are not; 3 and 4 (revocation, cancellation) end what the number still asks for.

What the city has judged already is not changed behind its back: an update of a case that others have looked at, and one
of a permit in force, calls a person. So does a number that is frozen or revoked by its `status_nib` alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from adapters.oss.reading import (
    NIB_NOT_ACTIVE,
    applicant_of,
    city_permits,
    data_nib,
    permit_reference,
    references_of,
    site_of,
    text_of,
)
from gateway.contract.adapter import Accept, Decline, Effect, Found, Reason
from gateway.contract.message import Payload
from gateway.domain.case import PermitCase
from gateway.domain.errors import Refused
from gateway.domain.events import (
    Applicant,
    ApplicationCorrected,
    ApplicationRegistered,
    ApplicationWithdrawn,
    AttentionRaised,
    CaseEvent,
    Origin,
    Reference,
    Site,
)
from gateway.domain.stages import CORRECTABLE, Stage

SAMPLE_SERVICES: Mapping[str, str] = MappingProxyType(
    {"057600000001": "pbg", "057600000002": "krk", "057600000003": "reklame", "057600000004": "trayek"}
)
"""kd_izin -> our service. SAMPLE codes: the real ones are in OSS's reference table 8 and go here with the agreement."""

WITHDRAWALS: Mapping[str, str] = MappingProxyType({"3": "NIB dicabut", "4": "NIB dibatalkan"})
SOURCE = "oss/receiveNIB"


def permits_about(payload: Payload) -> tuple[Reference, ...]:
    """Look up the permits by id_izin; for a withdrawal everything that the NIB asked for."""
    data = data_nib(payload)
    if text_of(data, "tipe_dokumen") in WITHDRAWALS:
        return (Reference(kind="nib", value=text_of(data, "nib")),)
    return tuple(permit_reference(entry) for entry in city_permits(data))


def permits_identity(payload: Payload) -> str:
    """Identify the message by its content, nib, oss_id and every id_izin included: OSS gives no message id.

    A digest stands for it, so that no business number is shown where message ids are.
    """
    canonical = json.dumps(payload["dataNIB"], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def permits_received(payload: Payload, found: Found) -> Accept | Decline:
    """Take all permits of one message, or none: a permit that cannot be read declines the whole message."""
    data = data_nib(payload)
    withdrawal = WITHDRAWALS.get(text_of(data, "tipe_dokumen"))
    if withdrawal is not None:
        cases = [case for each in permits_about(payload) for case in found.get(each, ())]
        return Accept(effects=tuple(effect for case in cases for effect in _withdrawn(case, withdrawal)))
    effects: list[Effect] = []
    for entry in city_permits(data):
        if text_of(entry, "kd_izin") not in SAMPLE_SERVICES:
            text = f"kd_izin {text_of(entry, 'kd_izin')} belum dipetakan ke layanan kota: hubungi DPM-PTSP"
            return Decline(reason=Reason.NOT_FOUND, text=text)
        try:
            effects += _applied(data, entry, found.get(permit_reference(entry), ()))
        except Refused as refused:
            return Decline(reason=Reason.INCONSISTENT, text=f"id_izin {text_of(entry, 'id_izin')}: {refused.text}")
    return Accept(effects=tuple(effects))


def _applied(data: Payload, entry: Payload, cases: tuple[PermitCase, ...]) -> list[Effect]:
    applicant, site = applicant_of(data), site_of(data, entry)
    if not cases:
        event = ApplicationRegistered(
            service=SAMPLE_SERVICES[text_of(entry, "kd_izin")],
            origin=Origin.OSS,
            applicant=applicant,
            site=site,
            references=references_of(data, entry),
        )
        return [Effect(case=None, key=permit_reference(entry), events=(event, *_not_active(data)))]
    if text_of(data, "tipe_dokumen") == "9":
        return []  # OSS repeats itself: the case is there
    concerned = [case for case in cases if not case.ended or case.number_active]
    updates = [(case, (*_updated(case, applicant, site), *_not_active(data))) for case in concerned]
    return [Effect(case=case.id, events=events) for case, events in updates if events]


def _updated(case: PermitCase, applicant: Applicant, site: Site) -> Iterator[CaseEvent]:
    built = replace(site, area_m2=case.site.area_m2)  # an officer entered it: OSS gives no built area
    is_awaited = case.stage in (Stage.INCOMPLETE, Stage.RETURNED)  # the papers may be new, which are not read here
    if (applicant, built) == (case.applicant, case.site) and not is_awaited:
        return
    if case.stage in CORRECTABLE:
        yield ApplicationCorrected(applicant=applicant, site=built)
    else:
        text = f"OSS memperbarui data pemohon atau lokasi pada tahap {case.stage.value}: bandingkan, lalu putuskan."
        yield AttentionRaised(source=SOURCE, text=text)


def _not_active(data: Payload) -> Iterator[CaseEvent]:
    status = text_of(data, "status_nib")
    if status in ("05", "06"):
        text = f"NIB {NIB_NOT_ACTIVE[status]} menurut OSS (status_nib {status}): periksa sebelum melanjutkan."
        yield AttentionRaised(source=SOURCE, text=text)


def _withdrawn(case: PermitCase, why: str) -> list[Effect]:
    # an issued permit, and one asked for elsewhere, are not ended by OSS's word alone: an officer decides (7(2)b)
    if case.number_active or (case.origin is not Origin.OSS and not case.ended):
        text = f"{why} oleh OSS: periksa apakah izin ini dicabut atau permohonannya dihentikan."
        return [Effect(case=case.id, events=(AttentionRaised(source=SOURCE, text=text),))]
    return [] if case.ended else [Effect(case=case.id, events=(ApplicationWithdrawn(by="OSS", reason=why),))]
