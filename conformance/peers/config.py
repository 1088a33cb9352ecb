"""A peer's folder and its `config.json`."""

from __future__ import annotations

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
        "dpupr": (),
        "bank": ("client_id", "client_secret", "partner_id", "channel_id", "partner_service_id"),
        "oss": ("username", "password", "user_key"),
        "satpolpp": (),
        "sms": ("userkey", "passkey", "report_key"),
    }
)
"""The secrets that each agency and the hub share."""


class PeerConfig(BaseModel):
    """What `config.json` says. `delay_ms` slows every business answer; `quota` is Dukcapil's for a day."""

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
    if agency not in SECRETS:
        raise Misconfigured(f"there is no agency {agency!r}: use one of {', '.join(SECRETS)}", code="config-broken")
    if config.agency != agency:
        text = f"{path} is of agency {config.agency!r}, not {agency!r}: name the folder of {agency}"
        raise Misconfigured(text, code="config-broken")
    missing = [name for name in SECRETS[agency] if not config.secrets.get(name)]
    if missing:
        raise Misconfigured(f"{path} lacks the secrets {', '.join(missing)}", code="config-broken")
    return config


def agreement_of(agency: str) -> str:
    """Give `<id>/<version>` of the agency's sample agreement. Raises Misconfigured when it cannot be read."""
    path = ROOT / "agreements" / f"{agency}-2026.toml"
    try:
        agreement = tomllib.loads(path.read_text(encoding="utf-8"))["agreement"]
        return f"{agreement['id']}/{agreement['version']}"
    except (OSError, tomllib.TOMLDecodeError, KeyError) as fault:
        raise Misconfigured(f"the agreement {path} cannot be read: {fault}") from fault
