"""A hub built by `gateway.app` on a temporary file, with a clock that a test holds and agencies on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from fastapi import APIRouter
from sqlalchemy import Engine, text

from conformance.signing.keys import Identity
from gateway.app import Gateway
from gateway.contract.adapter import Adapter
from gateway.domain import events as e
from gateway.domain.case import PermitCase
from gateway.domain.identifiers import NIK, Phone
from gateway.exchange.plugins import load_adapters
from gateway.office.staff import Officer
from gateway.operations.letters import Letters
from gateway.settings import Settings
from gateway.store.plan import Plan, Update
from gateway.store.tables import AgreementRow, DeliveryRow, ExchangeRow
from gateway.store.unit_of_work import GroupCommit, UnitOfWork
from gateway.trust.certificates import Use
from gateway.trust.dev_ca import IssuedLeaf
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from gateway.validation.library import SchemaLibrary, default_roots
from tests.exchange.keys import AT, agency_identity
from tests.exchange.town import Door, Street, Town
from tests.store.due import due_deliveries

if TYPE_CHECKING:
    from tests.exchange.offices import Office

SECRETS: Mapping[str, Mapping[str, str]] = {
    "dukcapil": {
        "basic_user": "basic-user-7Q",
        "basic_password": "basic-password-7Q",
        "user_id": "user-id-7Q",
        "password": "body-password-7Q",
        "ip_user": "10.99.0.17",
    },
    "djp": {"basic_user": "djp-user-7Q", "basic_password": "djp-password-7Q"},
    "bank": {"client_id": "client-7Q", "client_secret": "client-secret-7Q", "partner_id": "partner-7Q"},
    "oss": {"username": "oss-user-7Q", "password": "oss-password-7Q", "user_key": "oss-key-7Q"},
    "sms": {"userkey": "sms-userkey-7Q", "passkey": "sms-passkey-7Q", "report_key": "report-key-7Q"},
    "bsre": {"basic_user": "bsre-user-7Q", "basic_password": "bsre-password-7Q"},
}
ADAPTERS = load_adapters()
LIBRARY = SchemaLibrary(default_roots(ADAPTERS.values()))
"""Read once for each process: it is immutable, and reading it takes longer than a test."""
OPENED_KEY = cache(load_pem_private_key)
"""The same: whoever opens an RSA key proves its primes."""
BUSINESS = ("permit_case", "case_event", "case_opening", "case_reference", "deadline", "delivery", "attempt", "counter")
"""The tables in which a refusal must not leave a trace."""

RINA = Officer(id="rina", name="Rina Contoh", title="Petugas verifikasi")
AGUS = Officer(id="agus", name="Agus Contoh", title="Petugas validasi")
DEWI = Officer(
    id="dewi",
    name="Dewi Contoh",
    title="Kepala Dinas",
    nip="198001012005012001",
    phone="081200000090",
    delegation="SK contoh 188.45/1/2026",
    delegation_from=date(2026, 1, 1),
    delegation_until=date(2026, 12, 31),
    delegation_electronic=True,
    nik=NIK("9999014101800001"),
)


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **time: float) -> None:
        self.at += timedelta(**time)


@dataclass
class Stage:
    """The hub and all around it."""

    folder: Path
    door: Door
    street: Street
    database_url: str = ""
    """Empty: a file in the folder."""
    clock: Clock = field(default_factory=Clock)
    adapters: dict[str, Adapter] = field(default_factory=lambda: dict(ADAPTERS))
    seconds: Callable[[], float] = field(default_factory=lambda: count(0.0, 1.0).__next__)
    """The clock of the limits: a second later at each look, so that no test is too fast."""
    apart_s: float = 0.0
    """What the hub is told of its clock and the database server's: a clock that stands still is not asked about."""
    offices: dict[str, Office] = field(default_factory=dict)
    """Simulated city offices that have moved in, by agency (`tests.exchange.offices`)."""
    signer_ca_file: Path | None = None
    """The authorities of certified signatures, once the hub has started anew."""

    def __post_init__(self) -> None:
        self.town = Town(self.clock)
        self.street.town = self.town
        # verify: the door is plain HTTP, and reading the authorities would take longer than a test
        self.client = httpx2.Client(base_url=self.door.url, trust_env=False, verify=False)
        self.hub = self.start()

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self, writer: Callable[[Engine], UnitOfWork] = GroupCommit) -> Gateway:
        """A hub on the file; it takes the door."""
        with (
            mock.patch("gateway.app.process.load_adapters", return_value=self.adapters),
            mock.patch("gateway.app.process.SchemaLibrary", return_value=LIBRARY),
            mock.patch("gateway.app.store.GroupCommit", writer),
            mock.patch("gateway.app.process.apart", self._apart),
            mock.patch("gateway.trust.keys.load_pem_private_key", OPENED_KEY),
        ):
            hub = Gateway(self.settings, clock=self.clock, seconds=self.seconds)
        self.door.open = lambda: agencies_door(hub)
        return hub

    def restart(self, writer: Callable[[Engine], UnitOfWork] = GroupCommit) -> Gateway:
        """End the process without a word (nothing but the file is left), and begin another."""
        self.hub.stop()
        self.hub = self.start(writer)
        return self.hub

    def take_back(self) -> None:
        """Take street and door again, after another stage had them."""
        self.street.town = self.town
        self.door.open = lambda: agencies_door(self.hub)

    def close(self) -> None:
        for office in self.offices.values():
            office.close()
        self.town.over.set()
        self.client.close()
        self.hub.stop()

    @property
    def settings(self) -> Settings:
        keys = self.folder / "keys"
        own = {
            "database_url": self.database_url or f"sqlite:///{self.folder / 'simojo.db'}",
            "public_url": self.door.url,
            "master_key_file": keys / "master.key",
            "ledger_key_file": keys / "ledger.key",
            "signing_key_file": keys / "hub.key.pem",
            "signing_certificate_file": keys / "hub.pem",
            "outbound_ca_file": keys / "hub.pem",  # no agency here has TLS; the system's authorities take long to read
            "signer_ca_file": self.signer_ca_file,
        }
        return _settings(self.door.url).model_copy(update=own)

    @property
    def certificate(self) -> Any:
        """The hub's certificate, as agencies trust it."""
        return x509.load_pem_x509_certificate(self.settings.signing_certificate_file.read_bytes())

    def take_key(self, leaf: IssuedLeaf) -> None:
        """The hub gets another key, and starts anew with it."""
        self.settings.signing_key_file.write_bytes(leaf.key_pem)
        self.settings.signing_certificate_file.write_bytes(leaf.certificate_pem)
        self.restart()

    def _apart(self, *_: object) -> float:
        return self.apart_s

    # --- what staff do --------------------------------------------------------------------------------------------

    def cease(self, agency: str) -> None:
        """No agreement with the agency is active any more."""
        rows = self.hub.store.reader.agreements(agency=agency, state="active")
        for row in rows:
            key = {"id": row.id, "version": row.version}
            change = Update(AgreementRow, key, {"state": "active"}, {"state": "suspended"})
            self.hub.store.unit_of_work.commit(Plan.of(change))

    def agree(self, agency: str, *edits: tuple[str, str], version: str = "1.1") -> None:
        """A further version of the agreement, with other words in it, takes the place of the one in force."""
        said = packaged_agreements()[f"{agency}-2026"].replace('version = "1.0"', f'version = "{version}"', 1)
        for old, new in edits:
            assert old in said, old
            said = said.replace(old, new)
        agreement = read_agreement(said)
        self.cease(agency)
        self.hub.store.registry.import_agreement(agreement, self.adapters[agency], "staff/siti")
        self.hub.store.registry.activate_for_development(agreement.id, agreement.version, "staff/siti")

    def connect(self, agency: str) -> None:
        """An agency that speaks our own REST profile is integrated: agreement, endpoint and certificate."""
        agreement = read_agreement(packaged_agreements()[f"{agency}-2026"])
        registry, actor = self.hub.store.registry, "staff/siti"
        registry.import_agreement(agreement, self.adapters[agency], actor)
        registry.activate_for_development(agreement.id, agreement.version, actor)
        self.endpoint(agency, f"{self.street.url}/{agency}")
        self.enrol(agency)

    def suspend(self, agency: str, reason: str | None = "pemeriksaan") -> None:
        self.hub.store.registry.suspend(self.adapters[agency], reason, "staff/siti")

    def enrol(self, agency: str) -> None:
        """The agency registers its certificate (an EC one) with proof of its key."""
        enrol(self, agency, agency_identity(agency))

    def endpoint(self, agency: str, url: str) -> None:
        self.hub.store.registry.set_endpoint(agency, url, "staff/siti")

    @property
    def letters(self) -> Letters:
        store = self.hub.store
        return Letters(store.reader, store.unit_of_work, store.leaves, store.vault, self.clock, self.hub.wake)

    # --- cases ----------------------------------------------------------------------------------------------------

    def register(self, service: str = "krk", name: str = "Siti Contoh") -> PermitCase:
        """A case at the counter; its first need is Dukcapil's word."""
        return self.hub.deeds.register(application(service, name), RINA)

    def validated(self, service: str = "krk") -> PermitCase:
        """A case that waits for its recommendations; Dukcapil and the applicant have been told."""
        case = self.register(service)
        self.deliver("dukcapil")
        self.hub.deeds.complete(case.id, RINA)
        self.hub.deeds.verify(case.id, RINA)
        self.hub.deeds.validate(case.id, AGUS)
        self.deliver("sms")
        return self.case(case.id)

    def requested(self, service: str = "krk") -> DeliveryRow:
        """DPUPR was asked for a recommendation and acknowledged it: the delivery that awaits its callback."""
        case = self.validated(service)
        self.deliver("dpupr")
        return self.delivery(case.id, "dpupr")

    def case(self, case_id: str) -> PermitCase:
        row = self.hub.store.reader.case(case_id)
        assert row is not None
        return self.hub.casework.case_at(case_id, row.version)

    # --- deliveries -----------------------------------------------------------------------------------------------

    def due(self, agency: str | None = None) -> list[DeliveryRow]:
        rows = due_deliveries(self.hub.store.reader, self.clock())
        return [row for row in rows if agency in (None, row.agency)]

    def deliver(self, agency: str | None = None) -> int:
        """Deliver what is due, to one agency or to all, until nothing is; gives how many attempts were made."""
        made = 0
        while due := self.due(agency):
            attempts = sum(self.hub.outbound.deliver(row.id) for row in due)
            if attempts == 0:
                break
            made += attempts
        return made

    def delivery(self, case_id: str, agency: str) -> DeliveryRow:
        """The newest delivery of a case to an agency."""
        rows = self.hub.store.reader.deliveries(case_id=case_id, limit=100)
        return max((row for row in rows if row.agency == agency), key=lambda row: row.position)

    def state(self, delivery: DeliveryRow) -> str:
        row = self.hub.store.reader.delivery(delivery.id)
        assert row is not None
        return row.state

    # --- what the store holds -------------------------------------------------------------------------------------

    def rows(self, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of these tables."""
        with self.hub.store.engine.connect() as connection:
            return {
                each: sorted((tuple(row) for row in connection.execute(text(f"SELECT * FROM {each}"))), key=repr)  # noqa: S608 - our own table names
                for each in tables
            }

    @contextmanager
    def unchanged(self, *also: str) -> Iterator[None]:
        """Nothing that matters may change inside."""
        before = self.rows(*BUSINESS, *also)
        yield
        assert self.rows(*BUSINESS, *also) == before

    def refusals(self) -> dict[str, int]:
        """Counted refusals of unproven senders, by code."""
        return {row[2]: row[3] for row in self.rows("refusal_tally")["refusal_tally"]}

    def exchanges(self, agency: str) -> list[ExchangeRow]:
        return [row for row in self.hub.store.reader.exchanges(agency=agency) if row.direction == "in"]

    def parts(self, exchange: str) -> dict[str, bytes]:
        return {row.name: row.body for row in self.hub.store.reader.parts(exchange)}

    def leaves(self, exchange: str) -> list[bytes]:
        return [row.canonical for row in self.hub.store.reader.leaves_of_exchange(exchange)]


@cache
def _settings(public_url: str) -> Settings:
    """Read and checked once for each process: that takes a third of the time of a stage on SQLite."""
    return Settings(public_url=public_url, max_body_bytes=6 * 2**20, _env_file=None)


def agencies_door(hub: Gateway) -> Any:
    """The web application without the routes of staff and citizens, who never come here: four fifths of making it."""
    names = ("admin_router", "console_router", "counter_router", "office_router", "paper_router", "portal_router")
    closed: dict[str, Any] = dict.fromkeys(names, lambda _: APIRouter())
    with mock.patch.multiple("gateway.edge.api", **closed):
        return hub.api


def application(service: str = "krk", name: str = "Siti Contoh") -> e.ApplicationRegistered:
    return e.ApplicationRegistered(
        service=service,
        origin=e.Origin.COUNTER,
        applicant=e.Applicant(
            kind=e.ApplicantKind.PERSON,
            name=name,
            nik=NIK("9999014506900001"),
            phone=Phone("081200000017"),
            email="siti@contoh.example",
            address="Jalan Contoh 1",
        ),
        site=e.Site(address="Jalan Contoh 17", kelurahan="35.76.01.1003", purpose="Rumah tinggal", area_m2=120),
        declaration=e.Declaration(version="1", text="Data ini benar.", accepted_at=AT),
    )


def enrol(stage: Stage, agency: str, identity: Identity) -> None:
    """Register a certificate for signing alone, its key proven."""
    registry = stage.hub.store.registry
    challenge = registry.challenge(agency, identity.certificate, "nonce-17")
    proven = proof(identity, challenge)
    uses = frozenset({Use.SIGN})
    registry.register_certificate(agency, identity.certificate, challenge, proven, "staff/siti", uses)


def proof(identity: Identity, challenge: bytes) -> bytes:
    if isinstance(identity.key, rsa.RSAPrivateKey):
        return identity.key.sign(challenge, padding.PKCS1v15(), hashes.SHA256())
    assert isinstance(identity.key, ec.EllipticCurvePrivateKey)
    return identity.key.sign(challenge, ec.ECDSA(hashes.SHA256()))
