"""A refusal in the form that its agency reads: a problem, a SOAP Fault, or the shape of the agency's own dialect."""

from __future__ import annotations

from gateway.contract.adapter import Adapter, Reason
from gateway.contract.message import Message, Payload, Refusal
from gateway.domain.errors import GatewayError, HubBusy, MappingFault, Misconfigured, Refused, Retriable, Tampered
from gateway.domain.titles import title_of
from gateway.exchange.mapping import Mapping
from gateway.exchange.wire import Answer, Wire

_OURS = "Hub belum dapat memproses karena gangguan di pihaknya: kirim lagi nanti"
_REASONS = frozenset(reason.value for reason in Reason)


def refusal_answer(
    adapter: Adapter | None,
    message: Message,
    wire: Wire,
    error: GatewayError,
    *,
    payload: Payload | None = None,
    exchange: str = "",
) -> Answer:
    """Write a refusal. `payload` is None when it was refused before its sender was proven.

    A dialect whose own function raises loses its shape and not the refusal: then it is a problem, as for others. SOAP
    has Faults, whatever the adapter's dialect.
    """
    declared = adapter.interaction(message.interaction) if adapter else None
    dialect = adapter.dialect_of(declared) if adapter is not None and declared is not None else None
    if dialect is None or declared is None or message.transport.is_soap:
        return wire.refuse(error, message, exchange)
    try:
        with Mapping(f"{message.agency}/{declared.name}"):
            reply = dialect.refuse(declared, refusal_of(error), payload)
    except MappingFault:
        return wire.refuse(error, message, exchange)
    return wire.custom(reply)


def refusal_of(error: GatewayError) -> Refusal:
    """Give an error as adapters know refusals. Of what an operator has to mend the agency learns that it may repeat."""
    ours = isinstance(error, Misconfigured | Tampered)
    after_s = error.after_s if isinstance(error, Retriable) else None
    return Refusal(
        code=error.code,
        text=_OURS if ours else in_indonesian(error, error.text),
        clause=error.clause,
        violations=error.violations,
        retriable=not isinstance(error, Refused),
        busy=isinstance(error, HubBusy),
        after_s=after_s,
    )


def in_indonesian(error: GatewayError, text: str) -> str:
    """A refusal for whom nobody can ask for another language: the title of its code, then `text` for technicians.

    What an adapter declined it has said in its own words.
    """
    return text if error.code in _REASONS else f"{title_of(error).indonesian}: {text}"
