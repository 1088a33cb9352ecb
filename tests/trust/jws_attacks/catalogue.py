"""All attacks on detached JWS."""

from __future__ import annotations

from tests.trust.jws_attacks import claims, headers
from tests.trust.jws_attacks.attack import Attack

ATTACKS: tuple[Attack, ...] = (*headers.THEME.attacks, *claims.THEME.attacks)
