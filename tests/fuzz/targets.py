"""The one list of targets: whoever adds a parser of what comes from outside adds its target here."""

from __future__ import annotations

from tests.fuzz.agreements import AGREEMENT
from tests.fuzz.encryption import JWE, XML_ENCRYPTION
from tests.fuzz.rest import JWS
from tests.fuzz.soap import GATE, WIRE
from tests.fuzz.target import Target

TARGETS: tuple[Target, ...] = (GATE, WIRE, JWS, AGREEMENT, XML_ENCRYPTION, JWE)
