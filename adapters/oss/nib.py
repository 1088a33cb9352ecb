"""receiveNIB: a business number with permits becomes cases, corrections or withdrawals.

`tipe_dokumen` decides: 9 (original) opens a case for each permit that is the city's; 5 (update) corrects the cases
that are there and opens those that are not; 3 and 4 (revocation, cancellation) end what the number still asks for.

A permit of another authority, or of another place, is left to whoever is there. What the city has judged already is
not changed behind its back: an update of a case that others have looked at, and one of a permit in force, calls a
person. So do a number that is frozen or revoked by its `status_nib` alone, and a firm whose directors have no NIK.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from adapters.oss.reading import (
    applicant_of,
    city_permits,
    data_nib,
    permit_reference,
    references_of,
    site_of,
    text_of,
)
from adapters.oss.updates import noted, unidentified, unmapped, unread, updated, withdrawn
from gateway.contract.adapter import Accept, Decline, Effect, Found, Reason
from gateway.contract.message import Payload
from gateway.domain.case import PermitCase
from gateway.domain.errors import MappingFault, Refused
from gateway.domain.events import ApplicationRegistered, Origin, Reference

SAMPLE_SERVICES: Mapping[str, str] = MappingProxyType(
    {"057600000001": "pbg", "057600000002": "krk", "057600000003": "reklame", "057600000004": "trayek"}
)
"""kd_izin -> our service. SAMPLE codes: the real ones are in OSS's reference table 8 and go here with the agreement."""

WITHDRAWALS: Mapping[str, str] = MappingProxyType({"3": "NIB dicabut", "4": "NIB dibatalkan"})


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
    """Take all permits of one message, or none: a permit that cannot be read declines the whole message.

    One whose kd_izin is not mapped is left out, and calls a person. Raises MappingFault where none of them is mapped:
    the table is the office's to mend, and the message comes again.
    """
    data = data_nib(payload)
    withdrawal = WITHDRAWALS.get(text_of(data, "tipe_dokumen"))
    if withdrawal is not None:
        cases = [case for each in permits_about(payload) for case in found.get(each, ())]
        return Accept(effects=tuple(effect for case in cases for effect in withdrawn(case, withdrawal)))
    entries = city_permits(data)
    left_out = [entry for entry in entries if text_of(entry, "kd_izin") not in SAMPLE_SERVICES]
    if entries and len(left_out) == len(entries):
        codes = ", ".join(dict.fromkeys(text_of(entry, "kd_izin") for entry in left_out))
        raise MappingFault(f"kd_izin {codes} belum dipetakan ke layanan kota: hubungi DPM-PTSP", after_s=3600)
    effects: list[Effect] = []
    for entry in entries:
        if entry in left_out:
            continue
        try:
            effects += _applied(data, entry, found.get(permit_reference(entry), ()), left_out)
        except Refused as refused:
            return Decline(reason=Reason.INCONSISTENT, text=f"id_izin {text_of(entry, 'id_izin')}: {refused.text}")
    return Accept(effects=tuple(effects))


def _applied(data: Payload, entry: Payload, cases: tuple[PermitCase, ...], left_out: list[Payload]) -> Iterator[Effect]:
    applicant, site = applicant_of(data), site_of(data, entry)
    if not cases:
        event = ApplicationRegistered(
            service=SAMPLE_SERVICES[text_of(entry, "kd_izin")],
            origin=Origin.OSS,
            applicant=applicant,
            site=site,
            references=references_of(data, entry),
        )
        yield Effect(
            case=None, key=permit_reference(entry), events=(event, *unidentified(applicant), *noted(data, left_out))
        )
        return
    for case in cases:
        if text_of(data, "tipe_dokumen") == "9":  # OSS repeats itself: the case is there
            told = unread(case, unmapped(left_out))
        elif case.ended and not case.number_active:
            continue
        else:
            told = unread(case, (*updated(case, applicant, site), *noted(data, left_out)))
        if told:
            yield Effect(case=case.id, events=told)
