"""A refusal of a signature says where its cause is to be heard: the echo explains, other interactions do not."""

from __future__ import annotations

from gateway.contract.adapter import Interaction
from gateway.contract.message import Message
from gateway.dialect.profiles import WSS_X509
from gateway.domain.errors import Refused
from gateway.exchange.meta.inquiry import JWS, PATH, PREFIX

SIGNED = frozenset({JWS, WSS_X509})
"""The profiles whose signatures can be explained."""

_CODES = frozenset({"signature-digest", "signature-wrong", "signature-claims", "timestamp-future", "timestamp-stale"})


def pointed_to_echo(message: Message, interaction: Interaction, refusal: Refused) -> Refused:
    """Give the refusal with one sentence more where digest, signature, claims or time did not fit, else as it is."""
    if refusal.code not in _CODES or interaction.security not in SIGNED:
        return refusal
    is_soap = message.transport.is_soap
    address = f"/soap/{message.agency}/{PREFIX}echo" if is_soap else f"/rest/{message.agency}/{PATH}echo"
    text = f"{refusal.text}. Send the same, made in the same way, to the echo at {address} to see the difference"
    return type(refusal)(text, code=refusal.code, clause=refusal.clause, violations=refusal.violations)
