"""What describes an agency's exchanges: WSDLs with their XSDs, and its OpenAPI document, as they are served.

/soap/<agency>/<interaction>?wsdl            what the hub serves: inquiries, submissions, callbacks, meta-services,
                                             and the mailbox's services
/soap/<agency>/<interaction>/xsd/<file>
/soap/<agency>/<interaction>/required?wsdl   what the agency serves, for what we send to it; or what it collects
/soap/<agency>/<interaction>/required/xsd/<file>
/rest/<agency>/openapi.json                  what it may call over REST: agreed interactions, its mailbox, meta-services
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.contract.adapter import Adapter, Inbound, Interaction, Outbound, Request
from gateway.contract.agreement import AgreedInteraction
from gateway.dialect.profiles import WSS_X509
from gateway.domain.calendar import local_date
from gateway.domain.errors import Unauthorised
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

    def served(self, agency: str, interaction: Interaction) -> Port:
        """What the WSDL of an interaction says in which that agency speaks to us."""
        return served_port(agency, interaction, self._library, f"{self._public_url}/soap/{agency}/{interaction.name}")

    def required(self, agency: str, name: str) -> Port:
        """What the agency has to serve for an interaction in which we speak to it over SOAP.

        Its address is a name that nobody has (RFC 2606): where agencies listen is known to staff alone. Raises
        Unauthorised `agency-unknown` or `interaction-unknown`.
        """
        adapter = self._adapter(agency)
        declared = adapter.interaction(name)
        if declared is None or not _is_required(declared):
            raise Unauthorised(
                f"no interaction {name[:60]!r} of agency {agency[:40]!r} is sent to it over SOAP",
                code="interaction-unknown",
            )
        return self._required(agency, declared)

    def openapi(self, agency: str, at: datetime) -> bytes:
        """The OpenAPI document of an agency as it stands at that moment. Raises Unauthorised `agency-unknown`."""
        adapter = self._adapter(agency)
        agreement = self._directory.active_agreement(agency, local_date(at))
        own: list[tuple[Inbound, AgreedInteraction]] = []
        if agreement is not None and mailboxes(adapter, agreement):
            services = [each for each in self._mailboxes.of(adapter) if each.security == JWS]
            own += [(each, agreed_service(each)) for each in services]
        own += [(each, meta_terms(adapter, each).agreed) for each in self._meta if each.security == JWS]
        document = openapi_document(adapter, agreement, self._library, self._public_url, own)
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    def all(self, agency: str, at: datetime) -> Iterator[PublishedDocument]:
        """Every document of an agency, whole. Raises Unauthorised `agency-unknown`."""
        adapter = self._adapter(agency)
        soap = [each for each in adapter.interactions if each.security == WSS_X509]
        ours: list[Interaction] = [each for each in soap if isinstance(each, Inbound | Request)]
        ours += [each for each in (*self._mailboxes.of(adapter), *self._meta) if each.security == WSS_X509]
        for each in ours:
            yield from self._files(agency, each, self.served(agency, each), "")
        for each in soap:
            if _is_required(each):
                yield from self._files(agency, each, self._required(agency, each), f"/{REQUIRED}")
        yield PublishedDocument(
            kind="openapi",
            interaction=None,
            served_by_agency=False,
            url=f"{self._public_url}/rest/{agency}/openapi.json",
            data=self.openapi(agency, at),
        )

    # --- within -----------------------------------------------------------------------------------------------------

    def _files(self, agency: str, interaction: Interaction, port: Port, below: str) -> Iterator[PublishedDocument]:
        base = f"{self._public_url}/soap/{agency}/{interaction.name}{below}"
        files = {f"{base}?wsdl": port.wsdl()} | {f"{base}/xsd/{name}": data for name, data in port.files().items()}
        for url, data in files.items():
            yield PublishedDocument(
                kind="wsdl" if url.endswith("?wsdl") else "xsd",
                interaction=interaction.name,
                served_by_agency=bool(below),
                url=url,
                data=data,
            )

    def _required(self, agency: str, interaction: Interaction) -> Port:
        address = f"https://{agency}.invalid/{interaction.name}"
        return required_port(agency, interaction, self._library, address, served_as=REQUIRED)

    def _adapter(self, agency: str) -> Adapter:
        adapter = self._directory.adapters.get(agency)
        if adapter is None:
            raise Unauthorised(f"no agency {agency[:40]!r} is known here: check the address", code="agency-unknown")
        return adapter


def _is_required(declared: Interaction) -> bool:
    return isinstance(declared, Outbound) and declared.security == WSS_X509
