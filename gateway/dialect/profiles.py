"""Which profiles there are, by the name that agreements and adapters use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.dialect.jws import Jws
from gateway.dialect.oss_token import OssToken
from gateway.dialect.rest import InboundProfile, OutboundProfile
from gateway.dialect.shared_secret import Basic, HeaderKey
from gateway.dialect.snap_bi import STANDARD, Options, SnapBi
from gateway.dialect.snap_client import SnapClient

WSS_X509 = "wss-x509"
"""The one SOAP profile; all others are REST."""

JWS = "jws"
"""Our own REST profile."""

SNAP_OPTIONS: Mapping[str, Options] = MappingProxyType(
    {
        "": STANDARD,
        "-path": Options(query=False),
        "-hex": Options(hexadecimal=True),
        "-path-hex": Options(query=False, hexadecimal=True),
    }
)
"""What banks differ in, by what the profile's name then ends with."""

SNAP_BI = frozenset(f"snap-bi{end}" for end in SNAP_OPTIONS)
"""The bank is the client: it asks us for a token first."""

_SNAP_CLIENT: Mapping[str, SnapClient] = MappingProxyType(
    {f"snap-bi-asymmetric{end}": SnapClient(options) for end, options in SNAP_OPTIONS.items()}
)

INBOUND: Mapping[str, InboundProfile] = MappingProxyType(
    {
        "jws": Jws(),
        **{f"snap-bi{end}": SnapBi(options) for end, options in SNAP_OPTIONS.items()},
        "oss-token": OssToken(),
        "sms-key": HeaderKey("X-Passkey", inbound="report_key"),
    }
)

OUTBOUND: Mapping[str, OutboundProfile] = MappingProxyType(
    {
        "jws": Jws(),
        "basic": Basic(),
        "oss-key": HeaderKey("user_key", outbound="user_key"),
        "sms-key": HeaderKey("X-Passkey"),
        **_SNAP_CLIENT,
    }
)

OURS = frozenset({JWS, WSS_X509})
"""The profiles of our own, whose JSON is exact. The others are dialects that an agency speaks with everybody."""

CONFIDENTIAL = OURS
"""The profiles whose messages can be encrypted: in those of our own both sides have certificates."""

SIGN_BODIES = frozenset({*OURS, *_SNAP_CLIENT})
"""The profiles that sign the body of what the hub asks: under them nothing is asked without one (RFC 9110, 9.3.1)."""

CREDENTIALS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "basic": ("basic_user", "basic_password"),
        **dict.fromkeys(SNAP_BI, ("client_id", "client_secret", "partner_id")),
        **dict.fromkeys(_SNAP_CLIENT, ("partner_id", "channel_id")),
        "oss-token": ("username", "password"),
        "oss-key": ("user_key",),
        "sms-key": ("report_key",),
    }
)
"""The credentials that staff set for an agency whose agreement names the profile, besides those of its payloads."""
