"""Reading dataNIB: its permits, the applicant, the site. Tolerant of what the guide leaves open.

Null is absent; a code or an id that comes as a number has lost its leading zeros, and gets them back where its length
is known. Identifiers are parsed here and raise Refused, which the mapping turns into a refusal of the whole message.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.contract.message import Json, Payload
from gateway.domain.errors import Refused
from gateway.domain.events import Applicant, ApplicantKind, Reference, Site
from gateway.domain.identifiers import NIB, NIK, NPWP, Phone
from gateway.domain.regions import Kelurahan

CITY = "3576"
CITY_AUTHORITY = "02"
NATURAL_PERSON = "02"
KTP = "01"

_DIGITS: Mapping[str, int] = MappingProxyType(
    {
        "kewenangan": 2,
        "jenis_pelaku_usaha": 2,
        "status_nib": 2,
        "jns_identitas_penanggung_jwb": 2,
        "kd_izin": 12,
        "npwp_perseroan": 15,
        "npwp_penanggung_jwb": 15,
    }
)
"""How many digits these members have, as the guide says."""

NIB_NOT_ACTIVE: Mapping[str, str] = MappingProxyType({"02": "belum berlaku", "05": "dibekukan", "06": "dicabut"})
"""status_nib of a number that no business may rest on, and the word for it."""

_REFERENCES = (("id-izin", "id_izin"), ("kd-izin", "kd_izin"), ("id-produk", "id_produk"), ("id-proyek", "id_proyek"))


def city_permits(data: Payload) -> list[Payload]:
    """Pick the permits of the city's own authority; an entry that does not say inherits from the message.

    Whose area it is, its project's place says before the message does: a firm may have its seat elsewhere.
    """
    return [
        entry
        for entry in rows_of(data, "data_checklist")
        if (text_of(entry, "kewenangan") or text_of(data, "kewenangan") or CITY_AUTHORITY) == CITY_AUTHORITY
        and (text_of(entry, "kd_daerah") or _area(data, entry) or text_of(data, "kd_daerah") or CITY).startswith(CITY)
    ]


def permit_reference(entry: Payload) -> Reference:
    """Name the permit as OSS and we both know it."""
    return Reference(kind="id-izin", value=text_of(entry, "id_izin"))


def references_of(data: Payload, entry: Payload) -> tuple[Reference, ...]:
    """Keep the ids that a status report has to give back, as far as OSS gave them."""
    of_permit = tuple(Reference(kind=kind, value=text_of(entry, member)) for kind, member in _REFERENCES)
    of_number = (
        Reference(kind="nib", value=text_of(data, "nib")),
        Reference(kind="oss-id", value=text_of(data, "oss_id")),
    )
    return tuple(each for each in (*of_number, *of_permit) if each.value)


def applicant_of(data: Payload) -> Applicant:
    """Read the person in charge, an Indonesian before others, and the firm; without a NIK where all have passports.

    Raises InvalidIdentifier, and Refused for a natural person without NIK, and for a firm with neither NIK nor NPWP.
    """
    people = rows_of(data, "penanggung_jwb")
    person = next((each for each in people if text_of(each, "jns_identitas_penanggung_jwb") == KTP), people[0])
    natural = text_of(data, "jenis_pelaku_usaha") == NATURAL_PERSON
    npwp = text_of(data, "npwp_perseroan") or (text_of(person, "npwp_penanggung_jwb") if natural else "")
    is_resident = natural or text_of(person, "jns_identitas_penanggung_jwb") in ("", KTP)
    phone = text_of(person, "no_hp_penanggung_jwb")
    return Applicant(
        kind=ApplicantKind.PERSON if natural else ApplicantKind.COMPANY,
        name=_needed(person, "nama_penanggung_jwb"),
        nik=NIK(text_of(person, "no_identitas_penanggung_jwb")) if is_resident else None,
        phone=Phone(f"0{phone}" if phone.startswith("8") else phone),
        email=text_of(person, "email_penanggung_jwb") or text_of(data, "email_perusahaan"),
        address=_needed(person, "alamat_penanggung_jwb"),
        company=None if natural else text_of(data, "nama_perseroan") or None,
        npwp=NPWP(npwp) if npwp.strip("0.- ") else None,  # zeros stand for none
        nib=NIB(text_of(data, "nib")),
    )


def _project(data: Payload, entry: Payload) -> Payload | None:
    wanted = text_of(entry, "id_proyek")
    return next((each for each in rows_of(data, "data_proyek") if wanted in ("", text_of(each, "id_proyek"))), None)


def _place(project: Payload) -> Payload:
    """The first place of a project that is in the city; the first where none is."""
    places = rows_of(project, "data_lokasi_proyek")
    here = (each for each in places if text_of(each, "proyek_daerah_id").startswith(CITY))
    return next(here, places[0] if places else {})


def _area(data: Payload, entry: Payload) -> str:
    """Read where the permit's project lies; empty when that is not said."""
    return text_of(_place(_project(data, entry) or {}), "proyek_daerah_id")


def site_of(data: Payload, entry: Payload) -> Site:
    """Read the place of the permit's project. Raises Refused when there is none, or none in the city."""
    project = _project(data, entry)
    if project is None:
        raise Refused(f"id_proyek {text_of(entry, 'id_proyek')} tidak ada dalam data_proyek")
    place = _place(project)
    area = text_of(place, "proyek_daerah_id")
    kelurahan = Kelurahan.find(".".join((area[:2], area[2:4], area[4:6], area[6:])))
    return Site(
        address=_needed(place, "alamat_usaha"),
        kelurahan=kelurahan.code,
        purpose=text_of(project, "nama_kegiatan") or text_of(project, "uraian_usaha"),
    )


def text_of(data: Payload, member: str) -> str:
    """Read a member as text without outer blanks; empty when it is absent or null."""
    value = data.get(member)
    if isinstance(value, int):
        return str(value).zfill(_DIGITS.get(member, 0))
    return str(value or "").strip()


def _needed(data: Payload, member: str) -> str:
    if not (text := text_of(data, member)):
        raise Refused(f"{member} kosong")
    return text


def data_nib(payload: Payload) -> Payload:
    """Open the envelope."""
    data = payload["dataNIB"]
    return data if isinstance(data, dict) else {}


def rows_of(data: Payload, member: str) -> list[Payload]:
    """Read the objects of a list member; empty when it is absent."""
    value: Json = data.get(member)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
