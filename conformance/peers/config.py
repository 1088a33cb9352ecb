"""A peer's folder and its `config.json`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from types import MappingProxyType

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


class PeerConfig(BaseModel):
    """What `config.json` says. `delay_ms` slows every business answer; `quota` is Dukcapil's or DJP's for a day."""

    model_config = ConfigDict(frozen=True, strict=True)

    agency: str
    port: int = Field(default=0, ge=0, le=65535)
    hub: str = Field(pattern=r"^https?://[^/\s]+[^\s]*$")
    hub_certificate: str = ""
    secrets: dict[str, str] = Field(default_factory=dict)
    delay_ms: int = Field(default=0, ge=0)
    quota: int = Field(default=56617, ge=0)

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


def make_config(folder: Path, agency: str, *, hub: str, hub_certificate: Path, port: int) -> None:
    """Write the configuration of an agency that shares no secret with the hub, unless there is one.

    Raises Misconfigured when hub or certificate cannot be used.
    """
    path = folder / CONFIG_FILE
    if path.exists():
        return
    said = {"agency": agency, "port": port, "hub": hub, "hub_certificate": str(hub_certificate.resolve())}
    try:
        PeerConfig.model_validate(said)
    except ValidationError as fault:
        first = fault.errors(include_input=False)[0]
        raise Misconfigured(f"--{first['loc'][0]}: {first['msg']}", code="config-broken") from fault
    if not hub_certificate.is_file():
        raise Misconfigured(f"--hub-certificate {hub_certificate}: no such file", code="config-broken")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


def agreement_of(agency: str) -> str:
    """Give `<id>/<version>` of the agency's sample agreement. Raises Misconfigured when it cannot be read."""
    path = ROOT / "agreements" / f"{agency}-2026.toml"
    try:
        agreement = tomllib.loads(path.read_text(encoding="utf-8"))["agreement"]
        return f"{agreement['id']}/{agreement['version']}"
    except (OSError, tomllib.TOMLDecodeError, KeyError) as fault:
        raise Misconfigured(f"the agreement {path} cannot be read: {fault}") from fault
