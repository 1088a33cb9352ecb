"""What an agency plays from: the adapter that is installed for it, the agreement that came with it, and its schemas."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import entry_points

from gateway.contract.adapter import Adapter, Batch, Document, Inbound, Inquiry, Interaction, Mailbox, Outbound
from gateway.contract.agreement import AgreedInteraction, Agreement
from gateway.contract.differences import declared_for
from gateway.domain.errors import Misconfigured
from gateway.validation.agreement_file import agreement_of, read_agreement
from gateway.validation.library import BATCH_MANIFEST, SchemaLibrary, default_roots

GROUP = "simojo.adapters"
PROFILES = frozenset({"wss-x509", "jws"})
"""Our own profiles; an agency that speaks a dialect of its own has a simulation of its own."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One interaction as it is declared and agreed."""

    declared: Interaction
    agreed: AgreedInteraction

    @property
    def soap(self) -> bool:
        """Whether it goes over SOAP."""
        return self.agreed.transport.is_soap

    @property
    def hub_speaks_first(self) -> bool:
        """Whether the agency is called."""
        return isinstance(self.declared, Outbound) or self.is_file_of_office

    @property
    def is_file_of_office(self) -> bool:
        """Whether the hub sends files in it."""
        return isinstance(self.declared, Batch) and self.declared.is_of_office

    @property
    def heard(self) -> Document:
        """The document of what the hub says first: of a file, its manifest's."""
        return BATCH_MANIFEST if self.is_file_of_office else self.declared.request


@dataclass(frozen=True, kw_only=True)
class Script:
    """The whole of it. `parts` are the interactions that this simulation can play."""

    adapter: Adapter
    agreement: Agreement
    library: SchemaLibrary
    parts: tuple[Part, ...]

    @property
    def reference(self) -> str:
        """`<agreement>/<version>`."""
        return f"{self.agreement.id}/{self.agreement.version}"

    @cached_property
    def services(self) -> tuple[Part, ...]:
        """The services of the mailbox, collect and acknowledge, over the transport of the first one; else nothing."""
        box = next((each for each in self.parts if isinstance(each.declared, Mailbox)), None)
        return () if box is None else tuple(_service(box, name) for name in ("collect", "acknowledge"))


def script_of(agency: str, adapter: str | None = None) -> Script:
    """Read it all. `adapter` is `module:NAME`; None: the one that is installed under the entry point of that name.

    Raises Misconfigured `adapter-unknown`, `agreement-missing`, or `not-played`.
    """
    found = _loaded(adapter) if adapter else _installed(agency)
    if found.agency.id != agency:
        raise Misconfigured(
            f"the adapter is that of {found.agency.id}, and {agency} was asked for", code="adapter-unknown"
        )
    text = agreement_of(found)
    if text is None:
        raise Misconfigured(
            f"no agreement {found.agreement}.toml came with the adapter of {agency}: put it beside the adapter, under "
            "agreements/",
            code="agreement-missing",
        )
    agreement = read_agreement(text)
    declared = ((declared_for(found, agreement, each), each) for each in agreement.interactions)
    parts = tuple(
        Part(declared=each, agreed=agreed)
        for each, agreed in declared
        if isinstance(each, Inbound | Outbound) and agreed.security in PROFILES and not agreed.confidential
    )
    if not parts:
        raise Misconfigured(
            f"nothing that {agency} agreed can be played: this simulation speaks {' and '.join(sorted(PROFILES))}, and "
            "not what is confidential",
            code="not-played",
        )
    return Script(adapter=found, agreement=agreement, library=SchemaLibrary(default_roots([found])), parts=parts)


def _service(box: Part, name: str) -> Part:
    """A service of the hub's own as an interaction: nobody agreed on it, every agency with a mailbox has it."""
    declared = Inquiry(
        name=f"mailbox.{name}",
        path=f"mailbox/{name}",
        security=box.declared.security,
        request=f"simojo/mailbox-{name}/1.0/request",
        reply=f"simojo/mailbox-{name}/1.0/reply",
        about=lambda _payload: (),
        answer=lambda payload, _found: payload,  # the hub's to give: it is never called here
    )
    return Part(declared=declared, agreed=replace(box.agreed, name=declared.name))


def _installed(agency: str) -> Adapter:
    for point in entry_points(group=GROUP):
        if point.name == agency:
            return _an_adapter(point.load(), point.value)
    raise Misconfigured(
        f"there is no agency {agency!r} here: no simulation has that name, and no adapter is installed under it",
        code="adapter-unknown",
    )


def _loaded(named: str) -> Adapter:
    module, _, name = named.partition(":")
    try:
        return _an_adapter(getattr(importlib.import_module(module), name or "ADAPTER"), named)
    except (ImportError, AttributeError, ValueError) as error:
        raise Misconfigured(f"--adapter {named}: {error}; give module:NAME", code="adapter-unknown") from error


def _an_adapter(found: object, named: str) -> Adapter:
    if not isinstance(found, Adapter):
        raise Misconfigured(f"{named} is a {type(found).__name__}, no Adapter", code="adapter-unknown")
    return found
