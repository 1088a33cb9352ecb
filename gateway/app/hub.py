"""The hub: a process that answers agencies, staff and citizens; clock and ids are the machine's unless told."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from importlib import import_module
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI

from gateway.app.evidence import evidence_of
from gateway.app.identity import hub_chain, signer_authorities
from gateway.app.process import Process
from gateway.app.reconciling import reconciles_of
from gateway.app.rounds import Round
from gateway.app.store import receipts_of
from gateway.domain.errors import Misconfigured
from gateway.edge.api import make_api
from gateway.edge.health import Readiness, health_router
from gateway.edge.hub_certificates import HubCertificates, hub_certificates_router
from gateway.edge.ledger import LedgerEdge, ledger_router
from gateway.edge.limits import Bounds, Limits
from gateway.edge.mistake_titles import headline
from gateway.edge.parts import StaffEdge
from gateway.edge.proxies import proxies_of
from gateway.edge.receiving import AgencyEdge
from gateway.edge.rest.wire import RestWire
from gateway.exchange.batch.folder import WatchedFolder
from gateway.exchange.batch.uploads import Uploads
from gateway.exchange.inbound import Inbound
from gateway.exchange.mailbox.acknowledging import Acknowledging
from gateway.exchange.mailbox.collecting import Collecting
from gateway.exchange.mailbox.services import MailboxServices
from gateway.exchange.meta.services import MetaServices
from gateway.machine import new_id, now
from gateway.office.by_hand import PaperDeeds
from gateway.office.checking.checks import PaperChecks
from gateway.office.checking.files import FileJudge
from gateway.office.signing import SigningDeeds
from gateway.operations import failed_proofs
from gateway.operations.allowance import Allowance
from gateway.operations.endpoints import Endpoints
from gateway.operations.explanations import EACH, IN_ALL, Explanations
from gateway.operations.failed_proofs import FailedProofs
from gateway.operations.letters import Letters
from gateway.operations.published import Published
from gateway.settings import Settings
from gateway.trust.keys import fingerprint
from gateway.trust.pdf_signature import SigningMaterial
from gateway.trust.permit_statement import StatementKey, StatementVerifier


class Gateway(Process):
    """One hub process: what every process does, and the web application."""

    KIND = "hub"

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = now,
        new_id: Callable[[], str] = new_id,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = Limits(_bounds(settings), seconds)
        self.proxies = proxies_of(settings.trusted_proxies, settings.proxy_address_header)
        super().__init__(settings, clock=clock, new_id=new_id, seconds=seconds)
        self._explanations = self._explaining()
        self.inbound = self._inbound()
        self.uploads = Uploads(
            reader=self.store.reader,
            vault=self.store.vault,
            unit_of_work=self.store.unit_of_work,
            directory=self.directory,
            library=self.library,
            hub=self._hub,
            clock=clock,
        )
        self.checks = self._checks()
        self.signing = SigningDeeds(
            deeds=self.deeds,
            casework=self.casework,
            clock=clock,
            pin=self.store.master.pin,
            material=SigningMaterial(key=self._key, chain=hub_chain(settings)[1:]),
            verify_url=self._verify_url,
            statement=self.checks.statement,
            signatory=self._signatory,
        )
        self.paper = PaperDeeds(deeds=self.deeds, casework=self.casework, verify_url=self._verify_url)
        self.mailboxes = self._mailboxes()
        self.meta = MetaServices(
            directory=self.directory,
            mailboxes=self.mailboxes,
            reader=self.store.reader,
            library=self.library,
            receipts=receipts_of(self.store, self._key).make,
            reconciles=reconciles_of(self.store, clock, new_id),
            public_url=settings.public_url.rstrip("/"),
            clock=clock,
            explain=self._explanations,
        )

    def _verify_url(self, number: str) -> str:
        return f"{self.settings.public_url}/periksa/{quote(number)}"

    def _checks(self) -> PaperChecks:
        own = {fingerprint(self._key.certificate), *(fingerprint(each.certificate) for each in self._hub.previous)}

        def signed_with() -> frozenset[str]:
            before = (row for row in self.store.reader.hub_certificates() if row.signs_from is not None)
            return frozenset(own | {row.fingerprint for row in before})

        return PaperChecks(
            casework=self.casework,
            unit_of_work=self.store.unit_of_work,
            key=StatementKey.derived(self.settings.ledger_seed()),
            earlier=tuple(StatementVerifier.parse(each) for each in self.settings.earlier_permit_keys.split()),
            files=FileJudge(own=signed_with, authorities=signer_authorities(self.settings)),
            clock=self._clock,
        )

    def begin_to_end(self) -> None:
        """As a process does; whoever waits for a mailbox is answered."""
        self.limits.waiting.close()
        super().begin_to_end()

    def laid_down(self, agency: str) -> None:
        """Whoever waits for that agency's mailbox is heard again."""
        self.limits.waiting.ring({agency})

    def _load_soap(self) -> None:
        super()._load_soap()
        import_module("gateway.edge.soap.codec")

    def _look_into_mailboxes(self) -> bool:
        more = super()._look_into_mailboxes()
        if waited_for := self.limits.waiting.waited_for:
            # another process may have laid something down, or something can be collected again
            self.limits.waiting.ring(self.store.reader.mailboxes_with_items(waited_for, self._clock()))
        return more

    def _mailboxes(self) -> MailboxServices:
        return MailboxServices(
            directory=self.directory,
            collect=Collecting(
                casework=self.casework,
                preparing=self._delivering.preparing,
                clock=self._clock,
            ),
            acknowledge=Acknowledging(
                casework=self.casework, concluding=self._delivering.concluding, clock=self._clock
            ),
        )

    def _own_rounds(self) -> Sequence[Round]:
        """Those of every process, and the watched folder where there is one."""
        root = self.settings.batch_folder
        if root is None:
            return ()
        if not root.is_dir():
            raise Misconfigured(
                f"SIMOJO_BATCH_FOLDER names {root}, which is no folder: make it, with one in it for each agency that "
                "puts files there",
                code="batch-folder-missing",
            )
        watched = self.watched_folder(root)
        self.standing.folder_troubles = lambda: watched.troubles
        return (Round("folder", watched.run_once, 5.0),)

    def watched_folder(self, root: Path) -> WatchedFolder:
        """What takes files of records from a folder, and puts results there."""
        return WatchedFolder(
            root,
            inbound=self.inbound,
            uploads=self.uploads,
            directory=self.directory,
            reader=self.store.reader,
            wire_of=lambda _agency, interaction: RestWire.under(interaction.security, library=self.library),
            clock=self._clock,
        )

    def _inbound(self) -> Inbound:
        return Inbound(
            directory=self.directory,
            library=self.library,
            casework=self.casework,
            unit_of_work=self.store.unit_of_work,
            master=self.store.master,
            hub=self._hub,
            clock=self._clock,
            max_bytes=self.settings.max_body_bytes,
            deliveries_made=self.wake,
            allowance=self.limits.take,
            client_certificates=self.settings.client_certificates,
            not_proven=FailedProofs(
                reader=self.store.reader,
                unit_of_work=self.store.unit_of_work,
                findings=self._explanations.findings,
                allowance=Allowance(each=failed_proofs.EACH, in_all=failed_proofs.IN_ALL),
            ),
        )

    def _explaining(self) -> Explanations:
        return Explanations(
            party=self.directory.party,
            audience=self.settings.hub_id,
            allowance=Allowance(each=EACH, in_all=IN_ALL),
            headline=headline,
        )

    @cached_property
    def api(self) -> FastAPI:
        """The web application, put together when it is first asked for."""
        agencies = AgencyEdge(
            inbound=self.inbound,
            directory=self.directory,
            meta=self.meta,
            mailboxes=self.mailboxes,
            published=self.meta.published,
            library=self.library,
            clock=self._clock,
            max_body_bytes=self.settings.max_body_bytes,
            body_timeout_s=self.settings.body_timeout_s,
            limits=self.limits,
            proxies=self.proxies,
            client_certificates=self.settings.client_certificates,
            uploads=self.uploads,
        )
        staff = StaffEdge(
            reader=self.store.reader,
            unit_of_work=self.store.unit_of_work,
            casework=self.casework,
            deeds=self.deeds,
            signing=self.signing,
            paper=self.paper,
            checks=self.checks,
            letters=Letters(
                self.store.reader, self.store.unit_of_work, self.store.leaves, self.store.vault, self._clock, self.wake
            ),
            endpoints=Endpoints(self.store.reader, self.store.unit_of_work, self.store.leaves, self._clock, self.wake),
            receipts=receipts_of(self.store, self._key),
            directory=self.directory,
            library=self.library,
            standing=self.standing,
            public_url=self.settings.public_url,
            clock=self._clock,
            erasing=self.store.erasing,
            evidence=evidence_of(
                self.store, self._key, library=self.library, adapters=self.adapters, clock=self._clock, new_id=new_id
            ),
            seconds=self.limits.seconds,
        )
        own = HubCertificates(
            reader=self.store.reader,
            hub=self._hub,
            clock=self._clock,
            new_id=new_id,
            next_signs_from=self.settings.next_signs_from,
        )
        readiness = Readiness(self.store.unit_of_work, self._clock, self.standing)
        ledger = LedgerEdge(published=Published(self.store.reader), witnessing=self.witnessing)
        return make_api(agencies, staff, hub_certificates_router(own), ledger_router(ledger), health_router(readiness))


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        rate_per_address=settings.rate_per_address,
        rate_per_agency=settings.rate_per_agency,
        max_exchanges=settings.max_exchanges,
        max_requests_per_address=settings.max_requests_per_address,
        busy_wait_s=settings.busy_wait_s,
        body_memory_bytes=settings.body_memory_bytes,
        max_body_bytes=settings.max_body_bytes,
        body_timeout_s=settings.body_timeout_s,
    )
