"""What describes an agency's exchanges: WSDLs with their XSDs, and its OpenAPI document, as they are served.

/soap/<agency>/<interaction>?wsdl            what the hub serves: inquiries, submissions, callbacks, meta-services,
                                             and the mailbox's services
/soap/<agency>/<interaction>/xsd/<file>
/soap/<agency>/<interaction>/required?wsdl   what the agency serves, for what we send to it; or what it collects
/soap/<agency>/<interaction>/required/xsd/<file>
/rest/<agency>/openapi.json                  what it may call over REST: agreed interactions, its mailbox, meta-services

They say what is in force. Those of another active version of the agreement, for who prepares a cut-over, lie below its
number: /soap/<agency>/<interaction>/1.1?wsdl, .../required/1.1?wsdl, /rest/<agency>/1.1/openapi.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.contract.adapter import Adapter, Inbound, Interaction, Outbound, Request
from gateway.contract.agreement import AgreedInteraction, Agreement
from gateway.contract.differences import declared_for
from gateway.contract.versions import is_version
from gateway.dialect.profiles import WSS_X509
from gateway.domain.calendar import local_date
from gateway.domain.errors import Refused, Unauthorised
from gateway.exchange.directory import Directory
from gateway.exchange.mailbox.service import agreed_service, mailboxes
from gateway.exchange.mailbox.services import MailboxServices
from gateway.exchange.meta.inquiry import JWS, MetaInquiry, meta_terms
from gateway.validation.library import SchemaLibrary
from gateway.validation.openapi import openapi_document
from gateway.validation.wsdl import Port, required_port, served_port

REQUIRED = "required"


@dataclass(frozen=True, kw_only=True)
class PublishedDocument:
    """A document as it is served. `kind` is wsdl, xsd or openapi; `interaction` is None for the OpenAPI document."""

    kind: str
    interaction: str | None
    served_by_agency: bool
    url: str
    data: bytes


class Published:
    """Makes the documents. `meta` are the meta-services, once for each profile; `mailboxes` what agencies collect by.

    `public_url` is the configured URL, never what a Host header says; no slash at its end.
    """

    def __init__(
        self,
        *,
        directory: Directory,
        meta: Sequence[MetaInquiry],
        mailboxes: MailboxServices,
        library: SchemaLibrary,
        public_url: str,
    ) -> None:
        self._directory = directory
        self._meta = meta
        self._mailboxes = mailboxes
        self._library = library
        self._public_url = public_url

    def served(self, agency: str, interaction: Interaction) -> tuple[Port, ...]:
        """What the WSDLs of an interaction say in which that agency speaks to us over SOAP, one for each version."""
        adapter = self._directory.adapters[agency]
        named = [each for each in adapter.named(interaction.name) if _is_served(each)]
        found = {each.version: each for each in named or [interaction]}  # the hub's own services stand in no adapter
        return tuple(self._served(agency, each) for each in found.values())

    def port(self, agency: str, name: str, at: datetime, version: str = "", *, required: bool = False) -> Port:
        """What the WSDL of an interaction says: for us, or for what the agency has to serve (`required`).

        Of the version of the agreement in force at that moment, where there is none as it is declared first; or of
        `version`, which is active. Of what the agency serves the address is a name that nobody has (RFC 2606): where
        agencies listen is known to staff alone. Raises Unauthorised `agency-unknown`, `interaction-unknown` or
        `version-unknown`.
        """
        adapter = self._adapter(agency)
        wanted = _is_required if required else _is_served
        spoken: list[Interaction] = list(_spoken(adapter, self._version(agency, version, at)))
        if not version:  # what is in no version of the agreement, or in none that is in force
            spoken += [*adapter.interactions, *(() if required else self._own_over_soap(adapter))]
        found = next((each for each in spoken if each.name == name and wanted(each)), None)
        if found is None:
            way = "sent to it" if required else "served"
            theirs = not required and any(each.name == name and _is_required(each) for each in spoken)
            there = f"; what {agency} has to serve is at /soap/{agency}/{name}/{REQUIRED}?wsdl" if theirs else ""
            raise Unauthorised(
                f"no interaction {name[:60]!r} of agency {agency[:40]!r} is {way} over SOAP{there}",
                code="interaction-unknown",
            )
        return self._required(agency, found, version) if required else self._served(agency, found, version)

    def openapi(self, agency: str, at: datetime, version: str = "") -> bytes:
        """The OpenAPI document of an agency as it stands at that moment, or of that active version of the agreement.

        Raises Unauthorised `agency-unknown` or `version-unknown`.
        """
        adapter = self._adapter(agency)
        agreement = self._version(agency, version, at)
        own: list[tuple[Inbound, AgreedInteraction]] = []
        if agreement is not None and mailboxes(adapter, agreement):
            services = [each for each in self._mailboxes.of(adapter) if each.security == JWS]
            own += [(each, agreed_service(each)) for each in services]
        own += [(each, meta_terms(adapter, each).agreed) for each in self._meta if each.security == JWS]
        document = openapi_document(adapter, agreement, self._library, self._public_url, own)
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    def all(self, agency: str, at: datetime) -> Iterator[PublishedDocument]:
        """Every document of an agency, whole: of the version in force, then of those that come after it.

        Raises Unauthorised `agency-unknown`.
        """
        adapter = self._adapter(agency)
        now = self._directory.active_agreement(agency, local_date(at))
        first = [each for each in adapter.interactions if adapter.interaction(each.name) is each]
        yield from self._of(adapter, _spoken(adapter, now) if now else first, "", at)
        for each in self._directory.coming(agency, local_date(at)):
            yield from self._of(adapter, _spoken(adapter, each), each.version, at)

    # --- within -----------------------------------------------------------------------------------------------------

    def _of(
        self, adapter: Adapter, spoken: Sequence[Interaction], version: str, at: datetime
    ) -> Iterator[PublishedDocument]:
        agency, below = adapter.agency.id, f"/{version}" if version else ""
        ours = [each for each in spoken if _is_served(each)]
        if not version:
            ours += self._own_over_soap(adapter)
        for each in ours:
            yield from self._files(agency, each, self._served(agency, each, version), below, by_agency=False)
        for each in spoken:
            if _is_required(each):
                port = self._required(agency, each, version)
                yield from self._files(agency, each, port, f"/{REQUIRED}{below}", by_agency=True)
        yield PublishedDocument(
            kind="openapi",
            interaction=None,
            served_by_agency=False,
            url=f"{self._public_url}/rest/{agency}{below}/openapi.json",
            data=self.openapi(agency, at, version),
        )

    def _files(
        self, agency: str, interaction: Interaction, port: Port, below: str, *, by_agency: bool
    ) -> Iterator[PublishedDocument]:
        base = f"{self._public_url}/soap/{agency}/{interaction.name}{below}"
        files = {f"{base}?wsdl": port.wsdl()} | {f"{base}/xsd/{name}": data for name, data in port.files().items()}
        for url, data in files.items():
            yield PublishedDocument(
                kind="wsdl" if url.endswith("?wsdl") else "xsd",
                interaction=interaction.name,
                served_by_agency=by_agency,
                url=url,
                data=data,
            )

    def _version(self, agency: str, version: str, at: datetime) -> Agreement | None:
        """The version in force, None where there is none; or that one.

        Raises Unauthorised `version-unknown`, and Refused `not-found` for what is no version.
        """
        if not version:
            return self._directory.active_agreement(agency, local_date(at))
        if not is_version(version):
            raise Refused(f"{version[:60]!r} is no version of an agreement: they are written as 1.0", code="not-found")
        active = self._directory.active(agency)
        found = next((each for each in active if each.version == version), None)
        if found is None:
            known = ", ".join(each.version for each in active) or "none"
            raise Unauthorised(
                f"no version {version[:20]!r} of the agreement with {agency} is active; active: {known}",
                code="version-unknown",
            )
        return found

    def _own_over_soap(self, adapter: Adapter) -> list[Interaction]:
        own = (*self._mailboxes.of(adapter), *self._meta)
        return [each for each in own if each.security == WSS_X509]

    def _served(self, agency: str, interaction: Interaction, version: str = "") -> Port:
        address = f"{self._public_url}/soap/{agency}/{interaction.name}"
        return served_port(agency, interaction, self._library, address, served_as=version)

    def _required(self, agency: str, interaction: Interaction, version: str) -> Port:
        address = f"https://{agency}.invalid/{interaction.name}"
        return required_port(agency, interaction, self._library, address, served_as=version or REQUIRED)

    def _adapter(self, agency: str) -> Adapter:
        adapter = self._directory.adapters.get(agency)
        if adapter is None:
            raise Unauthorised(f"no agency {agency[:40]!r} is known here: check the address", code="agency-unknown")
        return adapter


def _spoken(adapter: Adapter, agreement: Agreement | None) -> tuple[Interaction, ...]:
    """What the adapter declares for a version of the agreement."""
    if agreement is None:
        return ()
    declared = (declared_for(adapter, agreement, each) for each in agreement.interactions)
    return tuple(each for each in declared if each is not None)


def _is_served(declared: Interaction) -> bool:
    return isinstance(declared, Inbound | Request) and declared.security == WSS_X509


def _is_required(declared: Interaction) -> bool:
    return isinstance(declared, Outbound) and declared.security == WSS_X509
