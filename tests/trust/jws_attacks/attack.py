"""What an attack on a detached JWS is, and the list that each theme fills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.trust.jws_attacks.forge import Genuine

RFC8725 = "RFC 8725"
RFC7515 = "RFC 7515"
MCLEAN = "McLean 2015"
PSYCHIC = "CVE-2022-21449"
EMBEDDED = "CVE-2018-0114"
CRIT = "CVE-2025-59420"
SMUGGLING = "RFC 9110 section 5.3"
OWN = "own"

ALL = ("p256", "p384", "rsa", "ed25519")


@dataclass(frozen=True, kw_only=True)
class Forged:
    """What goes over the wire: the values of X-JWS-Signature, one for each header line, and the body."""

    tokens: tuple[str, ...]
    body: bytes
    content_type: str = "application/json"

    @property
    def field_value(self) -> str:
        """Header lines of one name are one value, joined by commas (RFC 9110 section 5.3)."""
        return ", ".join(self.tokens)


Make: TypeAlias = Callable[[Genuine], str | Forged]


def saying(**changes: Any) -> Make:
    """The sender signs a header with these changes. None takes a member out."""
    return lambda genuine: genuine.token(genuine.header(**changes))


def signing(header: bytes) -> Make:
    """The sender signs these bytes as a header."""
    return lambda genuine: genuine.token(header)


def valued(signature: bytes, **changes: Any) -> Make:
    """Nobody signs: the signature is these bytes."""
    return lambda genuine: genuine.with_signature(signature, genuine.header(**changes))


def spelled(name: str) -> str:
    """A name as words."""
    return name.replace("-", " ")


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One attack. `at_the_door` is the code there where a step before the signature, or behind it, refuses.

    `kinds`: the kinds of registered key with which it is an attack. `door_only`: the signature itself is right.
    """

    name: str
    position: str
    source: str
    code: str
    make: Make
    kinds: tuple[str, ...] = ("p256",)
    at_the_door: str = ""
    door_only: bool = False

    def forge(self, genuine: Genuine) -> Forged:
        """The attack on a genuine message."""
        made = self.make(genuine)
        return made if isinstance(made, Forged) else Forged(tokens=(made,), body=genuine.payload)


@dataclass
class Theme:
    """The attacks of one module."""

    attacks: list[Attack] = field(default_factory=list)

    def add(
        self,
        name: str,
        position: str,
        code: str,
        make: Make,
        source: str = OWN,
        kinds: tuple[str, ...] = ("p256",),
        at_the_door: str = "",
        *,
        door_only: bool = False,
    ) -> None:
        """Add one."""
        self.attacks.append(
            Attack(
                name=name,
                position=position,
                source=source,
                code=code,
                make=make,
                kinds=kinds,
                at_the_door=at_the_door or code,
                door_only=door_only,
            )
        )
