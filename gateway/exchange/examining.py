"""All that can be found out about an adapter before anybody exchanges with it: `simojo adapter check`.

1. purity      its modules are short, and do nothing but compute (`gateway.validation.purity`)
2. agreement   the adapter came with one, it can be read, and both say the same (`gateway.exchange.checking`)
3. examples    every agreed document has some that pass and some that are refused, each as its name says
4. mappings    tried with a sample case and the examples (`gateway.validation.mappings`)
5. WSDL        of a SOAP interaction: a strict client loads it, and writes what the mapping made by it
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.contract.adapter import Adapter, Interaction, Outbound, Request
from gateway.contract.agreement import AgreedInteraction, Agreement
from gateway.contract.differences import declared_for, model_of
from gateway.domain.errors import Misconfigured
from gateway.exchange.checking import check_agreement
from gateway.transport.soap import SoapRequestBuilder
from gateway.validation.agreement_file import agreements_of, read_agreement
from gateway.validation.examples import example_findings
from gateway.validation.library import SchemaLibrary
from gateway.validation.mappings import mapping_findings
from gateway.validation.purity import package_findings
from gateway.validation.wsdl import Port, required_port, served_port


@dataclass(frozen=True, kw_only=True)
class Examined:
    """One interaction as it is agreed, and what was found; nothing when all is well. `agreement`: `<id>/<version>`."""

    agreement: str
    name: str
    model: str
    transport: str
    findings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """One adapter: what was found about it as a whole, and about each interaction that is agreed and declared."""

    agency: str
    findings: tuple[str, ...]
    interactions: tuple[Examined, ...] = ()

    @property
    def is_well(self) -> bool:
        """True when nothing was found."""
        return not self.findings and not any(each.findings for each in self.interactions)


def examine(adapter: Adapter, library: SchemaLibrary) -> Report:
    """Examine an adapter with every version of its agreement that came with it. Raises nothing for what is wrong."""
    texts = agreements_of(adapter)
    findings = list(package_findings(adapter.package))
    examined: list[Examined] = []
    if not texts:
        findings.append(
            f"no agreement {adapter.agreement}.toml came with it: put one under agreements/, or inside its package "
            f"{adapter.package} under agreements/"
        )
    for name, text in texts.items():
        try:
            agreement = read_agreement(text)
            findings += [f"{name}.toml: {each}" for each in check_agreement(adapter, agreement, library)]
        except Misconfigured as error:
            findings.append(f"{name}.toml: {error.text}")
        else:
            examined += _examined(adapter, agreement, library)
    return Report(agency=adapter.agency.id, findings=tuple(findings), interactions=tuple(examined))


def _examined(adapter: Adapter, agreement: Agreement, library: SchemaLibrary) -> Iterator[Examined]:
    for agreed in agreement.interactions:
        declared = declared_for(adapter, agreement, agreed)
        if declared is None or model_of(declared) != agreed.model:
            continue  # told before
        try:
            found = tuple(_findings(adapter, declared, agreed, library))
        except Misconfigured as error:
            found = (error.text,)
        yield Examined(
            agreement=f"{agreement.id}/{agreement.version}",
            name=agreed.name,
            model=agreed.model,
            transport=agreed.transport.value,
            findings=found,
        )


def _findings(
    adapter: Adapter, declared: Interaction, agreed: AgreedInteraction, library: SchemaLibrary
) -> Iterator[str]:
    documents = filter(None, (agreed.request, agreed.reply, agreed.answer, agreed.result))
    for document in dict.fromkeys(documents):
        yield from example_findings(document, library, soap=agreed.transport.is_soap)
    yield from mapping_findings(adapter, declared, agreed, library)
    if agreed.transport.is_soap:
        for port in _ports(adapter, declared, library):
            SoapRequestBuilder().read(port)


def _ports(adapter: Adapter, declared: Interaction, library: SchemaLibrary) -> Iterator[Port]:
    agency = adapter.agency.id
    if isinstance(declared, Outbound):
        yield required_port(agency, declared, library, f"https://{agency}.invalid/{declared.name}")
    if isinstance(declared, Request) or not isinstance(declared, Outbound):
        yield served_port(agency, declared, library, f"https://hub.invalid/soap/{agency}/{declared.name}")
