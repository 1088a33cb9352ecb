"""receiveLicense: the permit that came of OSS's application, with its number and where it can be checked.

Since agreement 1.1. The guide wants a link to a PDF in `file_izin`; agreed is the public address at which the permit is
checked, the one that the QR code on the document says. Agreed too, where the guide is silent: dates without a time, no
end of validity where the permit has none, and status 50 for a permit in force.
"""

from __future__ import annotations

from adapters.oss.reading import CITY
from adapters.oss.reply import failed
from adapters.oss.status import WIB, given, nip
from gateway.contract.adapter import Accept, Heard
from gateway.contract.message import Payload
from gateway.domain.case import PermitCase
from gateway.domain.errors import Refused
from gateway.domain.events import ReportLicence

IN_FORCE = "50"
_CITY_CODE = f"{CITY}000000"


def licence_report(case: PermitCase, ask: ReportLicence, _message_id: str) -> Payload:
    """Give the permit with the ids of the opening: once, so that nothing may be missing in it.

    Raises Refused where OSS did not open the case, nobody signed, or who did in which office, or where it is checked,
    is not on record (facts from before they were kept).
    """
    signature = case.signature
    if signature is None:
        raise Refused(f"Penandatangan izin tidak tercatat pada kasus {case.id}: masukkan izinnya di OSS secara manual")
    if not signature.signer_title.strip() or not ask.check_url:
        lacks = "jabatan penandatangan (jabatan_ttd)" if ask.check_url else "alamat pemeriksaan izin (file_izin)"
        raise Refused(f"{lacks} tidak tercatat pada kasus {case.id}: masukkan izinnya di OSS secara manual")
    return {
        "IZINFINAL": {
            "nib": given(case, "nib"),
            "id_proyek": case.reference("id-proyek") or "",
            "oss_id": given(case, "oss-id"),
            "id_izin": given(case, "id-izin"),
            "kd_izin": given(case, "kd-izin"),
            "kd_daerah": _CITY_CODE,
            "nomor_izin": ask.number,
            "tgl_terbit_izin": ask.at.astimezone(WIB).strftime("%Y-%m-%d"),
            "tgl_berlaku_izin": "",
            "nama_ttd": signature.signer[:100],
            "nip_ttd": nip(signature.signer_nip),
            "jabatan_ttd": signature.signer_title[:100],
            "status_izin": IN_FORCE,
            "file_izin": ask.check_url,
            "keterangan": f"{case.service_name} berlaku sejak diterbitkan"[:1000],
        }
    }


def licence_taken(_case: PermitCase, _ask: ReportLicence, reply: Payload) -> Heard:
    """Read OSS's acknowledgement."""
    return failed(reply, "izin terbit") or Accept()
