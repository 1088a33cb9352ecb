"""`simojo init`: development keys, so that a hub can start on an empty machine."""

from __future__ import annotations

import base64
import os
import secrets
from datetime import datetime
from pathlib import Path

from gateway.domain.errors import Misconfigured
from gateway.machine import now
from gateway.settings import Settings, load_settings
from gateway.trust.dev_ca import DevelopmentCa, LeafKind


def init() -> None:
    """Make the keys that the settings name and that are not there: for development, refused in production mode."""
    settings = load_settings()
    for path in make_keys(settings):
        print(f"made {path}")


def make_keys(settings: Settings, at: datetime | None = None) -> list[Path]:
    """Make what is missing, valid from `at` (None: from now); gives the files made.

    Raises Misconfigured in production mode.
    """
    begins = at or now()
    if settings.is_production:
        raise Misconfigured(
            "keys are not made in production mode: bring your own and name them in SIMOJO_*_FILE",
            code="production-keys",
        )
    made = []
    for path in (settings.master_key_file, settings.ledger_key_file):
        if not path.exists():
            _write(path, base64.b64encode(secrets.token_bytes(32)) + b"\n")
            made.append(path)
    if not settings.signing_key_file.exists():
        ca = DevelopmentCa.make(settings.signing_key_file.parent / "development-ca", production=False, at=begins)
        leaf = ca.issue(settings.hub_id, at=begins, kind=LeafKind.RSA)
        _write(settings.signing_certificate_file, leaf.certificate_pem)
        _write(settings.signing_key_file, leaf.key_pem)  # last: its absence is what makes a killed run begin again
        made += [settings.signing_key_file, settings.signing_certificate_file]
    return made


def _write(path: Path, data: bytes) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(path.suffix + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
