"""What OSS answers to whatever it is told or asked: an envelope under one of several names, a code, a text.

The published guide names one envelope `responcheckLicenseStatus` and `responcheckStatusLicense`, and gives the code as
text and as a number: any name that begins with `respon` is read, and both forms.
"""

from __future__ import annotations

from gateway.contract.adapter import AskPerson, Heard, Retry
from gateway.contract.message import Json, Payload

SUCCESS, NOT_FOUND = "200", "404"
_LATER = frozenset({"500", "504"})
_NO_ACCESS = frozenset({"401", "403"})


def envelope(reply: Payload) -> dict[str, Json]:
    """Open the envelope, whatever its name; empty when there is none."""
    found = next(iter(reply.values()), None)
    return found if isinstance(found, dict) else {}


def code_of(reply: Payload) -> str:
    """Read the code as text; empty when there is none."""
    return str(envelope(reply).get("kode", ""))


def failed(reply: Payload, what: str) -> Heard | None:
    """What a code means that is no success, for all methods alike; None for a success. `what` was not taken."""
    code, text = code_of(reply), str(envelope(reply).get("keterangan", "tanpa keterangan"))
    if code == SUCCESS:
        return None
    if code in _LATER:
        return Retry(text=f"OSS {code}: {text}")
    if code in _NO_ACCESS:
        refused = f"OSS menolak akses kantor (kode {code}: {text}): perbaiki user_key atau hak akses, lalu kirim ulang."
        return AskPerson(text=refused, again=True)
    return AskPerson(text=f"OSS tidak menerima {what} (kode {code or '-'}: {text}): periksa data izin.")
