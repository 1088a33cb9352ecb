"""What a further receiveNIB means for a case that is there: a correction, an end, or something for an officer to read.

Everything is compared with the case, and nothing is said twice: the same message may come again (decision 0073).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from adapters.oss.reading import NIB_NOT_ACTIVE, text_of
from gateway.contract.adapter import Effect
from gateway.contract.message import Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import (
    Applicant,
    ApplicationCorrected,
    ApplicationWithdrawn,
    AttentionRaised,
    CaseEvent,
    Origin,
    Site,
)
from gateway.domain.stages import CORRECTABLE, Stage

SOURCE = "oss/receiveNIB"


def unread(case: PermitCase, events: Iterable[CaseEvent]) -> tuple[CaseEvent, ...]:
    """Leave out what an officer has not looked at yet and would read twice."""
    told = set(case.attention)
    return tuple(
        each for each in events if not isinstance(each, AttentionRaised) or f"{each.source}: {each.text}" not in told
    )


def updated(case: PermitCase, applicant: Applicant, site: Site) -> Iterator[CaseEvent]:
    """Correct a case that may still be corrected, and call a person for another; nothing where nothing is new."""
    built = replace(site, area_m2=case.site.area_m2)  # an officer entered it: OSS gives no built area
    is_awaited = case.stage in (Stage.INCOMPLETE, Stage.RETURNED)  # the papers may be new, which are not read here
    if (applicant, built) == (case.applicant, case.site) and not is_awaited:
        return
    if case.stage in CORRECTABLE:
        yield ApplicationCorrected(applicant=applicant, site=built)
        if case.applicant.nik is not None:
            yield from unidentified(applicant)
    else:
        text = f"OSS memperbarui data pemohon atau lokasi pada tahap {case.stage.value}: bandingkan, lalu putuskan."
        yield AttentionRaised(source=SOURCE, text=text)


def unidentified(applicant: Applicant) -> Iterator[CaseEvent]:
    """Tell an officer of a firm whose directors all have passports: no registry is asked who they are."""
    if applicant.nik is None:
        text = "Penanggung jawab badan usaha memakai paspor, tanpa NIK: Dukcapil tidak ditanya; periksa identitasnya."
        yield AttentionRaised(source=SOURCE, text=text)


def noted(data: Payload, left_out: list[Payload]) -> Iterator[CaseEvent]:
    """Tell an officer what a message says besides: a number that is not active, permits that were left out."""
    yield from _not_active(data)
    yield from unmapped(left_out)


def unmapped(left_out: list[Payload]) -> Iterator[CaseEvent]:
    """Tell an officer of the permits that no service of ours is known for."""
    if left_out:
        names = ", ".join(f"{text_of(each, 'id_izin')} (kd_izin {text_of(each, 'kd_izin')})" for each in left_out)
        text = f"OSS juga meminta izin {names}, yang belum dipetakan ke layanan kota: daftarkan di loket, atau petakan"
        yield AttentionRaised(source=SOURCE, text=f"{text} lalu minta OSS mengirim perubahan (tipe_dokumen 5).")


def _not_active(data: Payload) -> Iterator[CaseEvent]:
    status = text_of(data, "status_nib")
    if status in ("05", "06"):
        text = f"NIB {NIB_NOT_ACTIVE[status]} menurut OSS (status_nib {status}): periksa sebelum melanjutkan."
        yield AttentionRaised(source=SOURCE, text=text)


def withdrawn(case: PermitCase, why: str) -> Iterator[Effect]:
    """End what the number asked for; an issued permit, and one asked for elsewhere, call a person."""
    # an issued permit, and one asked for elsewhere, are not ended by OSS's word alone: an officer decides (7(2)b)
    if case.number_active or (case.origin is not Origin.OSS and not case.ended):
        text = f"{why} oleh OSS: periksa apakah izin ini dicabut atau permohonannya dihentikan."
        if events := unread(case, (AttentionRaised(source=SOURCE, text=text),)):
            yield Effect(case=case.id, events=events)
    elif not case.ended:
        yield Effect(case=case.id, events=(ApplicationWithdrawn(by="OSS", reason=why),))
