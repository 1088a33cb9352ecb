"""Where an adapter and a version of an agreement differ: such an adapter does not exchange (Pasal 21(2)).

An adapter may speak several versions of its agreement. What is agreed in one of them has to be declared for it, in the
version of the agreed schemas, and what is declared for it has to be agreed:

    another version of the schemas   a declaration of the same name, with `version`; each agreement names its own
    agreed from 1.1 on               `since="1.1"`: agreement 1.0 need not have it, and 1.1 has to
    agreed up to 1.0                 `until="1.0"`: agreement 1.1 need not have it, and 1.0 has to
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.adapter import (
    Adapter,
    Batch,
    Inbound,
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
    agreed = {each.name: each for each in agreement.interactions}
    declared = {each.name: None for each in adapter.interactions if each.is_of(agreement.version)}
    found += [f"{name}: declared by the adapter, and not agreed" for name in declared if name not in agreed]
    for each in agreed.values():
        found += _of_one(adapter, agreement, each)
    return tuple(sorted(found))


def declared_for(adapter: Adapter, agreement: Agreement, agreed: AgreedInteraction) -> Interaction | None:
    """What the adapter declares for an interaction of that agreement, in its agreed version; None for nothing."""
    spoken = _spoken(adapter, agreement, agreed)
    return next((each for each in spoken if each.version == agreed.version), None)


def _spoken(adapter: Adapter, agreement: Agreement, agreed: AgreedInteraction) -> tuple[Interaction, ...]:
    return tuple(each for each in adapter.named(agreed.name) if each.is_of(agreement.version))


def _of_one(adapter: Adapter, agreement: Agreement, agreed: AgreedInteraction) -> Iterator[str]:
    named, spoken = adapter.named(agreed.name), _spoken(adapter, agreement, agreed)
    declared = declared_for(adapter, agreement, agreed) or (spoken[0] if len(spoken) == 1 else None)
    if declared is not None:
        for what, adapter_says, agreement_says in _compared(declared, agreed):
            if adapter_says != agreement_says:
                yield f"{agreed.name}: {what} is {adapter_says} in the adapter and {agreement_says} in the agreement"
    elif not named:
        yield f"{agreed.name}: agreed, and the adapter does not declare it"
    elif not spoken:
        yield f"{agreed.name}: agreed, and the adapter declares it {_bounds(named[0])} of the agreement alone"
    else:
        versions = " and ".join(each.version for each in spoken)
        yield f"{agreed.name}: version {agreed.version} is agreed, and the adapter declares {versions}"


def _bounds(declared: Interaction) -> str:
    since = f"since version {declared.since}" if declared.since else ""
    until = f"until version {declared.until}" if declared.until else ""
    return " and ".join(each for each in (since, until) if each)


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


def speaks_to_us(interaction: Interaction) -> bool:
    """Whether the agency calls the hub in it: it speaks first, or answers later."""
    is_ours = isinstance(interaction, Batch) and interaction.is_of_office
    return isinstance(interaction, Inbound | Request) and not is_ours


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
        ("the version", declared.version, agreed.version),
    )
