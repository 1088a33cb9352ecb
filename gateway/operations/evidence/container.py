"""An ASiC-E container with a CAdES signature (ETSI EN 319 162-1, 4.4.3), written as its content comes.

    mimetype                          first, stored as it is, with no extra field (A.1): what file tools know it by
    ...                               the content, each file a data object
    SHA256SUMS                        the same digests once more, for a person with `sha256sum -c`
    META-INF/ASiCManifest001.xml      every file of the content with its SHA-256
    META-INF/signature001.p7s         the hub's signature over that manifest

A file is in memory only as far as its caller gives it in pieces.
"""

from __future__ import annotations

import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import IO
from urllib.parse import quote

from lxml import etree

from gateway.domain.calendar import JAKARTA

MEDIA_TYPE = "application/vnd.etsi.asic-e+zip"
MANIFEST = "META-INF/ASiCManifest001.xml"
SIGNATURE = "META-INF/signature001.p7s"
SUMS = "SHA256SUMS"

_ASIC = "http://uri.etsi.org/02918/v1.2.1#"
_DS = "http://www.w3.org/2000/09/xmldsig#"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


_SLICE = 256 * 2**10


class Container:
    """Writes one container into `sink`, which can be sought in. `at` is the time that its entries bear, in WIB."""

    def __init__(self, sink: IO[bytes], at: datetime) -> None:
        self._zip = zipfile.ZipFile(sink, "w", allowZip64=True)
        self._at = at.astimezone(JAKARTA)
        self._digests: dict[str, tuple[str, bytes]] = {}
        self._zip.writestr(self._entry("mimetype", zipfile.ZIP_STORED), MEDIA_TYPE)

    def put(self, name: str, media_type: str, content: bytes | Iterable[bytes]) -> str:
        """Write a file of the content, and give its SHA-256 in hex. ValueError for a name that is there already."""
        if name in self._digests or name.startswith(("META-INF/", "/")) or ".." in name.split("/"):
            raise ValueError(f"{name!r} is in the container, or no name for a file in it")
        digest = sha256()
        with self._zip.open(self._entry(name), "w", force_zip64=not isinstance(content, bytes)) as out:
            for piece in _slices(content) if isinstance(content, bytes) else content:
                digest.update(piece)
                out.write(piece)
        self._digests[name] = media_type, digest.digest()
        return digest.hexdigest()

    def has(self, name: str) -> bool:
        """Whether a file of that name was written."""
        return name in self._digests

    def close(self, sign: Callable[[bytes], bytes]) -> None:
        """Write sums, manifest and signature. `sign` gives a detached CAdES signature over its bytes."""
        sums = "".join(f"{digest.hex()}  {name}\n" for name, (_, digest) in self._digests.items())
        self.put(SUMS, "text/plain", sums.encode())
        manifest = self._manifest()
        self._zip.writestr(self._entry(MANIFEST), manifest)
        self._zip.writestr(self._entry(SIGNATURE), sign(manifest))
        self._zip.close()

    def _entry(self, name: str, compression: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
        at = self._at
        entry = zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
        entry.compress_type = compression
        entry.external_attr = 0o600 << 16
        return entry

    def _manifest(self) -> bytes:
        root = etree.Element(f"{{{_ASIC}}}ASiCManifest", nsmap={"asic": _ASIC, "ds": _DS})
        etree.SubElement(
            root, f"{{{_ASIC}}}SigReference", {"URI": SIGNATURE, "MimeType": "application/pkcs7-signature"}
        )
        for name, (media_type, digest) in self._digests.items():
            said = {"URI": quote(name), "MimeType": media_type}
            named = etree.SubElement(root, f"{{{_ASIC}}}DataObjectReference", said)
            etree.SubElement(named, f"{{{_DS}}}DigestMethod", {"Algorithm": _SHA256})
            etree.SubElement(named, f"{{{_DS}}}DigestValue").text = b64encode(digest).decode()
        written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
        return written


def _slices(content: bytes) -> Iterator[memoryview]:
    """A body piece by piece, so that its compressed form is not in memory beside it."""
    view = memoryview(content)
    return (view[at : at + _SLICE] for at in range(0, len(content), _SLICE))
