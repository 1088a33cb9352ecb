"""A witness of the harness within reach of an office's hub: called without a network, and broken as it can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from conformance.notes import read_key
from conformance.witness.judge import Witness
from conformance.witness.memory import Memory
from conformance.witness.server import answer
from gateway.operations.witnesses import Proposal, WitnessDeeds
from gateway.operations.witnessing import Witnessing
from gateway.store.plan import Insert, Plan
from gateway.store.tables import StaffRow
from gateway.transport.errors import NotSent, Stage, Unknown
from gateway.transport.http import HttpReply, OutboundCall
from tests.operations.ledgers import KEY, Office

NAME = "saksi.dpupr.example"
URL = "http://127.0.0.1:9"


@dataclass
class WitnessTown:
    """The office, its witness, and the wire between them. `heard` is every submission."""

    office: Office
    folder: Path
    said: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    wire: Callable[[OutboundCall], HttpReply] | None = None

    def __post_init__(self) -> None:
        for name in ("rina", "agus"):
            person = {"id": name, "name": f"{name} Contoh", "title": "Petugas", "delegation_electronic": False}
            self.office.commit(Plan.of(Insert(StaffRow, person)))
        self.memory = Memory(self.folder)
        self.key = self.memory.key(NAME, lambda size: bytes(range(size)))
        self.witness = self.reborn()
        self.deeds = WitnessDeeds(
            reader=self.office.reader,
            unit_of_work=self.office.writer,
            leaves=self.office.leaves,
            clock=self.clock,
            production=False,
        )
        self.hub = self.witnessing()

    def clock(self) -> datetime:
        """The time of the town."""
        return self.office.now

    def reborn(self) -> Witness:
        """The witness, as it is when it starts in its folder."""
        return Witness(self.memory, self.key, (read_key(KEY.verifier.encode()),), self.clock, self.said.append)

    def witnessing(self, office: Office | None = None) -> Witnessing:
        """What collects co-signatures in the office, or in another one."""
        of = office or self.office
        return Witnessing(
            reader=of.reader,
            unit_of_work=of.writer,
            leaves=of.leaves,
            client=self,
            verifiers=(KEY.verifier,),
            clock=self.clock,
        )

    def register(self, url: str | None = URL) -> None:
        """Rina proposes it, Agus approves it."""
        self.deeds.propose(Proposal(verifier=self.key.verifier, url=url), "rina")
        self.deeds.approve(NAME, "agus")

    def send(self, call: OutboundCall) -> HttpReply:
        """Call the witness, as the hub's HTTP client would."""
        self.heard.append(call.body.decode().split("\n")[0])
        return self.reach(call) if self.wire is None else self.wire(call)

    def reach(self, call: OutboundCall) -> HttpReply:
        """The witness's answer."""
        assert call.url == f"{URL}/add-checkpoint"
        found = answer(self.witness, call.body)
        return HttpReply(
            status=found.status, headers={"content-type": found.media_type}, body=found.body.encode(), took_s=0.0
        )

    def lost(self, call: OutboundCall) -> HttpReply:
        """The witness answers, and the answer is lost."""
        self.reach(call)
        raise Unknown("the agency's answer ends early", code="agency-cut-off", stage=Stage.READ)

    def deaf(self, _call: OutboundCall) -> HttpReply:
        """Nobody is there."""
        raise NotSent("nobody listens there", code="agency-unreachable", stage=Stage.TCP)
