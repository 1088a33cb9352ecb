"""What the simulated OSS sends: a dataNIB, well written or as the real one writes it."""

from __future__ import annotations

import hashlib
from typing import Any, Self

from pydantic import BaseModel, Field, model_validator


class Submission(BaseModel):
    """One permit that a business asks for. What is not given is made up from `id_izin`, the same each time.

    `times`: it is delivered so often, every second time with its members in another order. `minutes_ahead`: so much is
    OSS's clock ahead of the hub's (behind, when negative) as the token is made.

    As the real one writes: `passports` of the directors, none of whom then has a NIK; `loose`, with null for what is
    not known, numbers for codes, and a fraction that nobody reads; `elsewhere`, with one more permit in another city.
    """

    id_izin: str = Field(min_length=1)
    kd_izin: str = Field(min_length=1)
    nik: str | None = None
    passports: tuple[str, ...] = ()
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
    status_nib: str = "01"
    times: int = Field(default=1, ge=1, le=20)
    minutes_ahead: int = 0
    loose: bool = False
    elsewhere: bool = False

    @model_validator(mode="after")
    def _somebody_is_in_charge(self) -> Self:
        if (self.nik is None) is (not self.passports):
            raise ValueError("the person in charge has a nik, or the directors have passports")
        return self


def data_nib(submission: Submission) -> dict[str, Any]:
    """Build a complete dataNIB: one project, one permit of the city's authority, and what was ordered besides."""
    digest = hashlib.sha256(submission.id_izin.encode()).hexdigest()
    number = int(digest, 16) % 1_000_000
    project = f"P-{number:06d}"
    document: dict[str, Any] = {
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
            "status_nib": submission.status_nib,
            "tipe_dokumen": submission.tipe_dokumen,
            "penanggung_jwb": [_person(submission, each) for each in submission.passports or (None,)],
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
    if submission.elsewhere:
        _add_elsewhere(document["dataNIB"])
    if submission.loose:
        _loosen(document["dataNIB"])
    return document


def _person(submission: Submission, passport: str | None) -> dict[str, Any]:
    return {
        "flag_asing": "N" if passport is None else "Y",
        "jns_identitas_penanggung_jwb": "01" if passport is None else "02",
        "no_identitas_penanggung_jwb": passport or submission.nik,
        "nama_penanggung_jwb": submission.name,
        "jabatan_penanggung_jwb": "Direktur" if submission.company else "Pemilik",
        "npwp_penanggung_jwb": "",
        "alamat_penanggung_jwb": submission.address,
        "no_hp_penanggung_jwb": submission.phone,
        "email_penanggung_jwb": submission.email,
    }


def _add_elsewhere(data: dict[str, Any]) -> None:
    """Another project of the firm, whose permit is another city's; only its place says so."""
    place = {"id_proyek_lokasi": "L-2", "proyek_daerah_id": "3578071003", "alamat_usaha": "Jalan Contoh 99"}
    data["data_proyek"].append({"id_proyek": "P-ELSEWHERE", "kbli": "47111", "data_lokasi_proyek": [place]})
    (entry,) = data["data_checklist"]
    away = {"id_izin": f"{entry['id_izin']}-B"[-30:], "id_proyek": "P-ELSEWHERE", "kd_daerah": "", "kewenangan": ""}
    data["data_checklist"].append({**entry, **away})


def _loosen(data: dict[str, Any]) -> None:
    """Null for what is empty, numbers for codes, and numbers of which a reader may lose digits where nobody reads."""
    for each in (data, *data["penanggung_jwb"], *data["data_checklist"]):
        each.update({name: None for name, value in each.items() if value == ""})
    data |= {name: int(data[name]) for name in ("tipe_dokumen", "kewenangan", "jenis_pelaku_usaha", "status_nib")}
    data |= {"no_va": None, "nilai_investasi": 1_250_000_000.5, "no_akta": 12345678901234567890}
    data["data_checklist"][0]["kd_izin"] = int(data["data_checklist"][0]["kd_izin"])
