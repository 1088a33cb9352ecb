"""A peer's folder and its `config.json`, made where there is none, and the agreement that it speaks under."""

from __future__ import annotations

import json
import secrets
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.domain.errors import Misconfigured

CONFIG_FILE = "config.json"
ROOT = Path(__file__).parents[2]
"""The folder that holds `schemas/` and `agreements/`: the source tree, or site-packages when installed."""

SECRETS = MappingProxyType(
    {
        "dukcapil": ("basic_user", "basic_password", "user_id", "password", "ip_user"),
        "djp": ("basic_user", "basic_password"),
        "dpupr": (),
        "dinkes": (),
        "dlh": (),
        "dishub": (),
        "bakesbangpol": (),
        "bpkpd": (),
        "courier": (),
        "email": (),
        "bank": ("client_id", "client_secret", "partner_id", "channel_id", "partner_service_id"),
        "oss": ("username", "password", "user_key"),
        "satpolpp": (),
        "sms": ("userkey", "passkey", "report_key"),
        "bsre": ("basic_user", "basic_password", "passphrase"),
    }
)
"""The secrets that each agency and the hub share; its names are all the agencies that can be simulated."""

HUB = "http://127.0.0.1:8080"
"""Where a hub listens that nobody told otherwise."""
HUB_FILE = "hub.pem"
FIRST_PORT = 9110
PORTS = MappingProxyType(
    {
        agency: FIRST_PORT + number
        for number, agency in enumerate(
            (
                *("dpupr", "dinkes", "dlh", "dishub", "bakesbangpol", "bpkpd", "satpolpp"),
                *("dukcapil", "djp", "bank", "oss", "sms", "bsre", "email", "courier"),
            )
        )
    }
)
"""Where each agency listens that nobody told otherwise: its endpoint at the hub outlives a restart."""
AGREED = MappingProxyType({"ip_user": "127.0.0.1", "channel_id": "95051", "partner_service_id": "88726"})
"""What is no secret but a number that somebody gave: the hub's own default for the partner service."""
BESIDE = MappingProxyType({"bank": ("merchant_id",)})
"""Secrets that an agency can be without."""

SnapSignature: TypeAlias = Literal["snap-bi", "snap-bi-path", "snap-bi-hex", "snap-bi-path-hex"]
"""What banks differ in, by the profile's name in the agreement: the path without its query, hex instead of base64."""


class PeerConfig(BaseModel):
    """What `config.json` says.

    `delay_ms` slows every business answer; `quota` is Dukcapil's or DJP's for a day; `signature` is how a bank signs.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    agency: str
    port: int = Field(default=0, ge=0, le=65535)
    hub: str = Field(pattern=r"^https?://[^/\s]+[^\s]*$")
    hub_certificate: str = ""
    secrets: dict[str, str] = Field(default_factory=dict)
    delay_ms: int = Field(default=0, ge=0)
    quota: int = Field(default=56617, ge=0)
    signature: SnapSignature = "snap-bi"

    @property
    def hub_url(self) -> str:
        """The hub's public URL without a slash at its end."""
        return self.hub.rstrip("/")


def load_config(folder: Path, agency: str) -> PeerConfig:
    """Read `config.json` of a folder. Raises Misconfigured with what is wrong and what to put there."""
    path = folder / CONFIG_FILE
    try:
        config = PeerConfig.model_validate_json(path.read_bytes())
    except FileNotFoundError as fault:
        text = f"{path} is missing: write the agency's configuration there (agency, port, hub, secrets)"
        raise Misconfigured(text, code="config-missing") from fault
    except OSError as fault:
        raise Misconfigured(f"{path} cannot be read: {fault.strerror}", code="config-missing") from fault
    except ValidationError as fault:
        first = fault.errors(include_input=False)[0]
        where = ".".join(str(each) for each in first["loc"]) or "the file"
        raise Misconfigured(f"{path} is broken at {where}: {first['msg']}", code="config-broken") from fault
    if config.agency != agency:
        text = f"{path} is of agency {config.agency!r}, not {agency!r}: name the folder of {agency}"
        raise Misconfigured(text, code="config-broken")
    missing = [name for name in SECRETS.get(agency, ()) if not config.secrets.get(name)]
    if missing:
        raise Misconfigured(f"{path} lacks the secrets {', '.join(missing)}", code="config-broken")
    return config


def random_secret() -> str:
    """Make up a secret: 128 random bits, base64url."""
    return secrets.token_urlsafe(16)


def make_config(
    folder: Path,
    agency: str,
    *,
    hub: str | None = None,
    hub_certificate: Path | None = None,
    port: int | None = None,
    new_secret: Callable[[], str] = random_secret,
) -> bool:
    """Write the configuration of an agency (mode 0600), unless there is one; tells whether it did.

    What is not given is `HUB`, a `hub.pem` in the folder, the agency's own of `PORTS`, and random secrets.
    Raises Misconfigured when the hub's address or certificate cannot be used, or the folder cannot be written.
    """
    path = folder / CONFIG_FILE
    if path.exists():
        return False
    names = (*SECRETS.get(agency, ()), *BESIDE.get(agency, ()))
    said = {
        "agency": agency,
        "port": PORTS.get(agency, 0) if port is None else port,
        "hub": hub or HUB,
        "hub_certificate": HUB_FILE if hub_certificate is None else str(hub_certificate.resolve()),
        "secrets": {name: AGREED.get(name) or new_secret() for name in names},
    }
    try:
        PeerConfig.model_validate(said)
    except ValidationError as fault:
        first = fault.errors(include_input=False)[0]
        raise Misconfigured(f"--{first['loc'][0]}: {first['msg']}", code="config-broken") from fault
    if hub_certificate is not None and not hub_certificate.is_file():
        raise Misconfigured(f"--hub-certificate {hub_certificate}: no such file", code="config-broken")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        part.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as fault:
        text = f"{folder} cannot be written ({fault.strerror}): start where it can, or give another --home"
        raise Misconfigured(text, code="config-broken") from fault
    return True


@dataclass(frozen=True, order=True)
class Version:
    """A version of an agency's sample agreement. `begins`: its first day; `reference`: `<id>/<version>`."""

    begins: date
    reference: str
    file: Path


def versions_of(agency: str) -> tuple[Version, ...]:
    """Give the versions of the agency's sample agreement, the first one first. Raises Misconfigured without any."""
    found = []
    for path in sorted((ROOT / "agreements").glob(f"{agency}-2026*.toml")):
        try:
            agreement = tomllib.loads(path.read_text(encoding="utf-8"))["agreement"]
            reference = f"{agreement['id']}/{agreement['version']}"
            found.append(Version(agreement["valid_from"], reference, path))
        except (OSError, tomllib.TOMLDecodeError, KeyError) as fault:
            raise Misconfigured(f"the agreement {path} cannot be read: {fault}") from fault
    if not found:
        raise Misconfigured(f"{agency} has no agreement in {ROOT / 'agreements'}: put one there")
    return tuple(sorted(found))


def version_of(agency: str, on: date) -> Version:
    """Give the version in force on that day, or the first where none has begun. Raises Misconfigured without any."""
    first, *later = versions_of(agency)
    return next((each for each in reversed(later) if each.begins <= on), first)


def agreement_of(agency: str, on: date) -> str:
    """Give `<id>/<version>` of it. Raises as `version_of` does."""
    return version_of(agency, on).reference
