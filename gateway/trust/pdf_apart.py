"""Signatures of a PDF that anybody sent, read in a process of its own: bounded in time and memory, without secrets.

pyHanko bounds what a stream unpacks to, but not how long a structure that leads in circles keeps it, and a thread
cannot be ended. So the hub does not read a stranger's file itself: a child does, with nothing of the hub's environment,
that may use so many seconds of a processor and so much memory, writes no file, and has no more to say than a list of
signatures. Nothing asks a network.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import subprocess
import sys
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.domain.errors import HubBusy, Malformed
from gateway.trust.pdf_signature import PdfSignature, pdf_signatures

CPU_S = 10
WALL_S = 15.0
MEMORY = 768 * 2**20
MAX_SIGNATURES = 20

_MALFORMED = 3
"""The child's exit status for a file that is no PDF with intact structure."""


def signatures_apart(pdf: bytes) -> tuple[PdfSignature, ...]:
    """Do what `pdf_signatures` does, in a child; at most MAX_SIGNATURES.

    Raises Malformed `pdf-malformed`, also for a file that takes too long or too much memory; HubBusy
    `pdf-reader-missing` where no process can be started.
    """
    paths = os.pathsep.join(each for each in sys.path if each)
    environment = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "gateway.trust.pdf_apart"]
    try:
        done = subprocess.run(  # noqa: S603 - a command of our own, without a word from outside
            command, input=pdf, capture_output=True, timeout=WALL_S, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        raise _unreadable(f"reading it took longer than {WALL_S:g} s") from None
    except OSError as fault:
        raise HubBusy(
            "no process can be started to read the file; try again later", code="pdf-reader-missing"
        ) from fault
    if done.returncode != 0:
        raise _unreadable("it is damaged, or none" if done.returncode == _MALFORMED else "reading it was given up")
    try:
        return tuple(_read(each) for each in json.loads(done.stdout)[:MAX_SIGNATURES])
    except (ValueError, TypeError, LookupError, binascii.Error) as fault:
        raise _unreadable("a certificate in it cannot be read") from fault


def _unreadable(why: str) -> Malformed:
    return Malformed(f"the file cannot be read as a PDF: {why}", code="pdf-malformed")


def _written(signature: PdfSignature) -> dict[str, Any]:
    certificates = (signature.certificate, *signature.others)
    return {
        "field": signature.field,
        "certificates": [base64.b64encode(each.public_bytes(Encoding.DER)).decode() for each in certificates],
        "subject": signature.subject,
        "fingerprint": signature.fingerprint,
        "claimed": None if signature.claimed_at is None else signature.claimed_at.isoformat(),
        "intact": signature.intact,
        "whole": signature.covers_whole_file,
    }


def _read(said: dict[str, Any]) -> PdfSignature:
    certificate, *others = (x509.load_der_x509_certificate(base64.b64decode(each)) for each in said["certificates"])
    return PdfSignature(
        field=str(said["field"]),
        subject=str(said["subject"]),
        fingerprint=str(said["fingerprint"]),
        certificate=certificate,
        others=tuple(others),
        claimed_at=None if said["claimed"] is None else datetime.fromisoformat(said["claimed"]),
        intact=said["intact"] is True,
        covers_whole_file=said["whole"] is True,
    )


def _bound() -> None:
    """Take away what a reader does not need; where the system has no such bounds, the parent's patience is one."""
    try:
        import resource
    except ImportError:
        return
    bounds = {
        resource.RLIMIT_CPU: CPU_S,
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for which, most in bounds.items():
        resource.setrlimit(which, (most, most))


def _child() -> int:
    """Read a PDF from stdin, and write its signatures to stdout."""
    _bound()
    try:
        found = pdf_signatures(sys.stdin.buffer.read())
    except (Malformed, MemoryError, RecursionError):
        return _MALFORMED
    sys.stdout.write(json.dumps([_written(each) for each in found[:MAX_SIGNATURES]]))
    return 0


if __name__ == "__main__":
    sys.exit(_child())
