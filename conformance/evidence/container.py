"""An ASiC-E container with CAdES (ETSI EN 319 162-1, 4.4.3) as whoever received it reads it.

1. `mimetype` is the first entry, stored, without an extra field, and names ASiC-E (A.1)
2. no name is there twice, and none leads out of the file
3. one ASiCManifest, which names its signature and each file of the content with its SHA-256
4. every file hashes to what the manifest says; none is missing and none is there that it does not name
"""

from __future__ import annotations

import zipfile
import zlib
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from conformance.evidence.faults import EvidenceBroken, NoEvidence

MEDIA_TYPE = b"application/vnd.etsi.asic-e+zip"
MAX_READ = 256 * 2**20
"""Bytes of a file that is read whole: receipts, manifests, signatures; anything else is hashed as a stream."""

_NAMES = {"a": "http://uri.etsi.org/02918/v1.2.1#", "d": "http://www.w3.org/2000/09/xmldsig#"}
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_PIECE = 2**20
_DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Opened:
    """A container whose files are what its manifest says. The manifest itself is not judged here."""

    zip: zipfile.ZipFile
    manifest: bytes
    signature: bytes
    digests: dict[str, bytes]

    def read(self, name: str) -> bytes:
        """A file of the content, whole. Raises EvidenceBroken where it is not there."""
        if name not in self.digests:
            raise EvidenceBroken(f"berkas {name} tidak ada di dalamnya", f"{name} is not in it")
        return _read(self.zip, name)


def open_container(path: Path, progress: Callable[[int], None] = lambda _: None) -> Opened:
    """Open and judge a container, as the module says; `progress` is told of bytes hashed. Raises NoEvidence too."""
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as fault:
        raise NoEvidence(f"{path} cannot be read as a container (ZIP): {fault}") from None
    entries = archive.infolist()
    # 1
    _check_first(path, archive, entries)
    # 2
    names = [each.filename for each in entries]
    if len(set(names)) < len(names) or any(each.startswith("/") or ".." in each.split("/") for each in names):
        raise EvidenceBroken("ada nama berkas yang ganda atau tidak sah", "a file name is there twice or leads outside")
    # 3
    manifests = [each for each in names if each.startswith("META-INF/ASiCManifest") and each.endswith(".xml")]
    if len(manifests) != 1:
        raise NoEvidence("there is not exactly one ASiCManifest in it")
    manifest = _read(archive, manifests[0])
    signature, digests = _manifest(manifest)
    # 4
    for name in digests:
        if name not in names:
            raise EvidenceBroken(f"berkas {name} hilang", f"{name} is missing")
        if _hashed(archive, name, progress) != digests[name]:
            raise EvidenceBroken(f"berkas {name} telah diubah", f"{name} has been changed")
    more = set(names) - set(digests) - {"mimetype", manifests[0], signature}
    if more:
        first = min(more)
        raise EvidenceBroken(
            f"berkas {first} ditambahkan kemudian", f"{first} was added: the manifest has no such file"
        )
    if signature not in names:
        raise EvidenceBroken("tanda tangannya hilang", "its signature is missing")
    return Opened(archive, manifest, _read(archive, signature), digests)


def _check_first(path: Path, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    first = entries[0] if entries else None
    with path.open("rb") as file:
        head = file.read(38)
    is_asic = (
        first is not None
        and first.filename == "mimetype"
        and first.compress_type == zipfile.ZIP_STORED
        and head[:4] == b"PK\x03\x04"
        and head[28:30] == b"\x00\x00"  # no extra field
        and head[30:38] == b"mimetype"
        and archive.read(first) == MEDIA_TYPE
    )
    if not is_asic:
        raise NoEvidence("it is no ASiC-E container: its first entry does not say so")


def _manifest(data: bytes) -> tuple[str, dict[str, bytes]]:
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
        (signature,) = root.findall("a:SigReference", _NAMES)
        digests = {}
        for each in root.findall("a:DataObjectReference", _NAMES):
            (method,) = each.findall("d:DigestMethod", _NAMES)
            if method.get("Algorithm") != _SHA256:
                raise NoEvidence(f"its manifest uses {method.get('Algorithm')}, which is not read here")
            name = unquote(each.attrib["URI"])
            if name in digests:
                raise EvidenceBroken(f"daftar menyebut {name} dua kali", f"the manifest names {name} twice")
            digests[name] = b64decode(each.findtext("d:DigestValue", "", _NAMES), validate=True)
        return unquote(signature.attrib["URI"]), digests
    except (etree.XMLSyntaxError, KeyError, ValueError) as fault:
        raise NoEvidence(f"its manifest cannot be read: {fault}") from None


def _hashed(archive: zipfile.ZipFile, name: str, progress: Callable[[int], None]) -> bytes:
    digest = sha256()
    try:
        with archive.open(name) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                progress(len(piece))
    except _DAMAGE as fault:
        raise EvidenceBroken(f"berkas {name} rusak", f"{name} is damaged: {fault}") from None
    return digest.digest()


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        with archive.open(name) as file:
            data = file.read(MAX_READ + 1)
    except _DAMAGE as fault:
        raise EvidenceBroken(f"berkas {name} rusak", f"{name} is damaged: {fault}") from None
    if len(data) > MAX_READ:
        raise NoEvidence(f"{name} is larger than the {MAX_READ} bytes that are read whole")
    return data
