"""What claims, prepares, calls and concludes deliveries, and sends the office's files, put together for one process."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable
from datetime import datetime

from gateway.app.identity import signer_authorities
from gateway.app.store import Store
from gateway.casework.desk import Casework
from gateway.dialect.party import Hub
from gateway.exchange.attempt import Preparing
from gateway.exchange.batch.office.line import Client, Line
from gateway.exchange.batch.office.work import OfficeFiles
from gateway.exchange.calling import Calling
from gateway.exchange.claiming import Claiming
from gateway.exchange.concluding import Concluding
from gateway.exchange.directory import Directory
from gateway.exchange.mailbox.lapsing import Lapsing
from gateway.exchange.mailbox.uncovered import Uncovered
from gateway.exchange.outbound import Outbound
from gateway.exchange.signed_files import SignedFiles
from gateway.exchange.soap_speaking import SoapSpeaker
from gateway.exchange.speaking import RestSpeaker
from gateway.exchange.verdict import Judge
from gateway.settings import Settings
from gateway.store.circuits import CircuitPolicy
from gateway.transport.soap import SoapRequestBuilder
from gateway.validation.library import SchemaLibrary

MAX_REPLY_BYTES = 10 * 2**20


class Delivering:
    """The parts. `pause` and `laid_down` are as `gateway.exchange.outbound.Outbound` has them."""

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        directory: Directory,
        library: SchemaLibrary,
        casework: Casework,
        client: Client,
        hub: Hub,
        clock: Callable[[], datetime],
        pause: Callable[[float], bool],
        laid_down: Callable[[str], None],
    ) -> None:
        policy = CircuitPolicy(failures=settings.circuit_failures)
        self.claiming = Claiming(
            reader=store.reader,
            within=store.unit_of_work.within,
            directory=directory,
            clock=clock,
            concurrency=settings.concurrency_per_lane,
            agency_concurrency=settings.concurrency_per_agency,
            policy=policy,
        )
        rest = RestSpeaker(library, hub, MAX_REPLY_BYTES)
        soap = SoapSpeaker(library, SoapRequestBuilder(), hub, MAX_REPLY_BYTES)
        judge = Judge(random.random)
        self.preparing = Preparing(directory, library, casework, {False: rest, True: soap})
        self.concluding = Concluding(directory, casework)
        self.outbound = Outbound(
            claiming=self.claiming,
            preparing=self.preparing,
            calling=Calling(
                client=client,
                preparing=self.preparing,
                casework=casework,
                judge=judge,
                signed_files=SignedFiles(reader=casework.reader, authorities=signer_authorities(settings)),
                clock=clock,
            ),
            concluding=self.concluding,
            casework=casework,
            unit_of_work=store.unit_of_work,
            judge=judge,
            clock=clock,
            pause=pause,
            laid_down=laid_down,
        )
        self.lapsing = Lapsing(
            concluding=self.concluding, reader=store.reader, unit_of_work=store.unit_of_work, clock=clock
        )
        self.uncovered = Uncovered(
            directory=directory,
            concluding=self.concluding,
            reader=store.reader,
            unit_of_work=store.unit_of_work,
            clock=clock,
        )
        within = store.unit_of_work.within
        self.office_files = OfficeFiles(
            directory=directory,
            library=library,
            casework=casework,
            unit_of_work=store.unit_of_work,
            clock=clock,
            line=Line(client=client, reader=store.reader, within=within, clock=clock, policy=policy),
            speaker=rest,
            hub=hub,
            random_bytes=secrets.token_bytes,
            seconds=time.monotonic,
        )
