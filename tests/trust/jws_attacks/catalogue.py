"""All attacks on detached JWS."""

from __future__ import annotations

from tests.trust.jws_attacks import algorithms, claims, keys, spelling
from tests.trust.jws_attacks.attack import Attack

ATTACKS: tuple[Attack, ...] = tuple(
    each for module in (algorithms, keys, spelling, claims) for each in module.THEME.attacks
)
