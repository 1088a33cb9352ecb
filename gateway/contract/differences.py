"""Where an adapter and an agreement differ: such an adapter does not exchange (Pasal 21(2))."""

from __future__ import annotations

from gateway.contract.adapter import (
    Adapter,
    Batch,
    Inquiry,
    Interaction,
    Mailbox,
    Notification,
    Outbound,
    Query,
    Request,
    Submission,
)
from gateway.contract.agreement import AgreedInteraction, Agreement


def differences(agreement: Agreement, adapter: Adapter) -> tuple[str, ...]:
    """Say, in sentences, where an adapter and an agreement differ; empty when they do not."""
    found: list[str] = []
    if agreement.agency != adapter.agency.id:
        found.append(f"agreement {agreement.id} is with {agreement.agency}, the adapter is {adapter.agency.id}'s")
    if agreement.id != adapter.agreement:
        found.append(f"the adapter was written for agreement {adapter.agreement}, this is {agreement.id}")
    declared = {each.name: each for each in adapter.interactions}
    agreed = {each.name: each for each in agreement.interactions}
    found += [f"{name}: agreed, and the adapter does not declare it" for name in agreed if name not in declared]
    found += [f"{name}: declared by the adapter, and not agreed" for name in declared if name not in agreed]
    for name in declared.keys() & agreed.keys():
        for what, adapter_says, agreement_says in _compared(declared[name], agreed[name]):
            if adapter_says != agreement_says:
                found.append(f"{name}: {what} is {adapter_says} in the adapter and {agreement_says} in the agreement")
    return tuple(sorted(found))


_MODELS: tuple[tuple[type[Interaction], str], ...] = (
    (Query, "query"),
    (Notification, "notification"),
    (Request, "request"),
    (Mailbox, "mailbox"),
    (Inquiry, "inquiry"),
    (Submission, "submission"),
    (Batch, "batch"),
)


def model_of(interaction: Interaction) -> str:
    """Name an interaction's model as agreements do."""
    return next(name for kind, name in _MODELS if isinstance(interaction, kind))


def _compared(declared: Interaction, agreed: AgreedInteraction) -> tuple[tuple[str, str, str], ...]:
    def text(value: object) -> str:
        return "none" if value is None else str(value)

    reply = getattr(declared, "reply", None)
    answer = declared.answer if isinstance(declared, Request) else None
    repeat = declared.repeat if isinstance(declared, Outbound) else None
    result = declared.result if isinstance(declared, Batch) else None
    return (
        ("the model", model_of(declared), agreed.model),
        ("the security profile", declared.security, agreed.security),
        ("the request's schema", declared.request, agreed.request),
        ("the reply's schema", text(reply), text(agreed.reply)),
        ("the answer's schema", text(answer), text(agreed.answer)),
        ("the result's schema", text(result), text(agreed.result)),
        ("repeat", text(repeat), text(agreed.repeat)),
        ("the version", declared.version, _version_in(agreed.request)),
    )


def _version_in(document: str) -> str:
    parts = document.split("/")
    return parts[2] if len(parts) == 4 else "none"
