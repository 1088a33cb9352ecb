"""A hub without its threads, whose clock a test holds: real store, real agreements, real deeds; nothing is sent."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.app import Gateway
from gateway.cli.init import make_keys
from gateway.domain import events as e
from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase
from gateway.domain.ikm import Answers
from gateway.edge.parts import token_hash
from gateway.exchange.plugins import load_adapters
from gateway.office.signing import PinStep
from gateway.office.staff import Officer, officer_of
from gateway.settings import Settings
from gateway.store.plan import Change, Claim, Committed, Plan, Update
from gateway.store.tables import DeliveryRow, StaffRow, TokenRow
from gateway.trust.dev_ca import DevelopmentCa, LeafKind
from gateway.validation.agreement_file import latest_agreements
from tests.domain.journeys import registration

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
"""A Tuesday, ten o'clock in Mojokerto."""

DAY = timedelta(days=1)
RINA, AGUS, DEWI = "rina", "agus", "dewi"
TOKENS = {name: f"token-of-{name}" for name in (RINA, AGUS, DEWI)}
APART = ("bsre", "courier", "email")
"""Not integrated in this office (21(1)): it signs by itself, tells by SMS alone, and hands over at the counter."""
ANSWERS = Answers(u1=4, u2=3, u3=4, u4=3, u5=4, u6=3, u7=4, u8=3, u9=4)


def settings_in(folder: Path, **more: Any) -> Settings:
    """Settings whose files are all in one folder, as is the database unless `database_url` is given."""
    keys = folder / "keys"
    given: dict[str, Any] = {
        "database_url": f"sqlite:///{folder / 'simojo.db'}",
        "master_key_file": keys / "master.key",
        "ledger_key_file": keys / "ledger.key",
        "signing_key_file": keys / "hub.key.pem",
        "signing_certificate_file": keys / "hub.pem",
        # nothing is sent from here; the world's authorities, which a hub trusts else, take longer to read than a test
        "outbound_ca_file": keys / "hub.pem",
    }
    return Settings(**{**given, **more}, _env_file=None)


@dataclass
class Clock:
    """Stands until somebody moves it."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self.at += by


@dataclass
class House:
    """An office with three people: Rina verifies, Agus validates and looks after the hub, Dewi signs."""

    gateway: Gateway
    clock: Clock
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def build(cls, folder: Path, url: str) -> House:
        """Make keys, agreements and staff."""
        clock = Clock()
        settings = settings_in(folder, database_url=url)
        issue_key(settings, clock())
        make_keys(settings, clock())
        house = cls(Gateway(settings, clock=clock), clock)
        registry, adapters = house.gateway.store.registry, load_adapters()
        for agreement in latest_agreements(local_date(clock())).values():
            if agreement.agency in APART:
                continue
            registry.import_agreement(agreement, adapters[agreement.agency], "staff/agus")
            registry.activate_for_development(agreement.id, agreement.version, "staff/agus")
        house.employ(RINA)
        house.employ(AGUS, scopes="office admin")
        house.employ(DEWI, **delegation())
        return house

    # --- people ---------------------------------------------------------------------------------------------------

    def employ(self, name: str, scopes: str = "office", **values: Any) -> Officer:
        """Add somebody, with a token that is `token-of-<name>`."""
        person = {"id": name, "name": f"{name.capitalize()} Contoh", "title": "Petugas", **values}
        token = {"hash": token_hash(f"token-of-{name}"), "staff": name, "scopes": scopes, "made_at": self.clock()}
        self.commit(
            Claim(StaffRow, ("id",), person),
            Claim(TokenRow, ("hash",), {**token, "expires_at": self.clock() + 300 * DAY}),
        )
        return self.officer(name)

    def officer(self, name: str) -> Officer:
        """Somebody who works here."""
        row = self.gateway.store.reader.staff(name)
        assert row is not None
        return officer_of(row)

    def certify(self) -> None:
        """From now on BSrE signs, and knows Dewi."""
        registry, agreement = self.gateway.store.registry, latest_agreements(local_date(self.clock()))["bsre-2026"]
        registry.import_agreement(agreement, self.gateway.adapters["bsre"], "staff/agus")
        registry.activate_for_development(agreement.id, agreement.version, "staff/agus")
        self.commit(Update(StaffRow, {"id": DEWI}, {"nik": None}, {"nik": "9999014101800001"}))

    def commit(self, *changes: Change) -> None:
        """Commit what must hold."""
        assert self.gateway.store.unit_of_work.commit(Plan(changes)) == Committed()

    # --- cases ----------------------------------------------------------------------------------------------------

    def registered(self, service: str = "pbg", origin: e.Origin = e.Origin.COUNTER) -> PermitCase:
        """A case that was just lodged."""
        return self.gateway.deeds.register(registration(service, origin), self.officer(RINA))

    def given_up(self, case: PermitCase) -> str:
        """The first delivery of a case is a dead letter; gives its id."""
        row = self.gateway.store.reader.deliveries(case_id=case.id)[-1]
        dead = {"state": "dead", "attempts": 5, "cause": "agency-timeout"}
        self.commit(Update(DeliveryRow, {"id": row.id}, {}, dead))
        return row.id

    def record(self, case: PermitCase | str, *facts: e.CaseEvent) -> PermitCase:
        """Let facts happen that agencies bring."""
        case_id = case if isinstance(case, str) else case.id
        return self.gateway.deeds.record(case_id, "agency/test", *facts)

    def recommended(self, service: str = "pbg") -> PermitCase:
        """A case that waits for its decision."""
        deeds = self.gateway.deeds
        case = self.record(self.registered(service), e.ResidentVerified(name_score=100))
        deeds.complete(case.id, self.officer(RINA))
        deeds.verify(case.id, self.officer(RINA))
        case = deeds.validate(case.id, self.officer(AGUS))
        for agency in case.required_recommendations:
            said = e.RecommendationGiven(
                agency=agency, favourable=True, number=f"{agency}/1", on=date(2026, 11, 24), by="Ahli Contoh"
            )
            case = self.record(case, said)
        return case

    def approved(self, service: str = "pbg") -> PermitCase:
        """A case that was approved with a PIN."""
        case = self.recommended(service)
        return self.gateway.signing.approve(case.id, self.officer(DEWI), *self.pin(case, PinStep.APPROVE))

    def charged(self) -> PermitCase:
        """A PBG whose SKRD is out."""
        return self.gateway.deeds.charge(self.approved().id, self.officer(AGUS))

    def told(self) -> PermitCase:
        """The same, and the applicant has received the notice."""
        case = self.charged()
        return self.record(
            case, e.NoticeReceived(notice=e.NoticeKind.CHARGE, evidence="DELIVRD", received_at=self.clock())
        )

    def pay(self, case: PermitCase) -> PermitCase:
        """The bank brings the payment."""
        assert case.skrd is not None
        paid = e.PaymentReceived(amount=case.skrd.amount, bank_reference="b-1", channel="va", paid_at=self.clock())
        return self.record(case, paid)

    def prepared(self) -> PermitCase:
        """An unlevied permit, laid out for Dewi to sign."""
        return self.gateway.signing.prepare(self.approved("krk").id, self.officer(AGUS))

    def signed(self) -> PermitCase:
        """The same, signed and in force."""
        case = self.prepared()
        return self.gateway.signing.sign(case.id, self.officer(DEWI), *self.pin(case, PinStep.SIGN))

    def pin(self, case: PermitCase, step: PinStep, by: str = DEWI) -> tuple[str, str]:
        """Ask for a PIN and read it where the telephone would show it: (challenge, PIN)."""
        challenge = self.gateway.signing.ask_pin(case.id, self.officer(by), step).id
        return challenge, self.gateway.store.master.pin(challenge)

    def now(self, case: PermitCase) -> PermitCase:
        """The case as it stands."""
        row = self.gateway.store.reader.case(case.id)
        assert row is not None
        return self.gateway.casework.case_at(case.id, row.version)

    def facts(self, case: PermitCase) -> list[str]:
        """What happened to a case, by kind."""
        return [row.kind for row in self.gateway.store.reader.case_events(case.id)]


def issue_key(settings: Settings, at: datetime) -> None:
    """The hub's key is an EC one: whoever opens an RSA key proves its primes, which takes longer than most tests."""
    authority = DevelopmentCa.make(settings.signing_key_file.parent / "development-ca", production=False, at=at)
    leaf = authority.issue(settings.hub_id, at=at, kind=LeafKind.EC)
    settings.signing_key_file.write_bytes(leaf.key_pem)
    settings.signing_certificate_file.write_bytes(leaf.certificate_pem)


def opened(folder: Path, url: str) -> House:
    """Open the hub whose keys are in a folder; whoever opens it stops it."""
    clock = Clock()
    return House(Gateway(settings_in(folder, database_url=url), clock=clock), clock)


def delegation(**other: Any) -> dict[str, Any]:
    """Members of an official who may sign electronically this year."""
    return {
        "title": "Kepala Dinas",
        "nip": "198001012005012001",
        "phone": "+6281200000090",
        "delegation": "SK contoh 188.45/1/2026",
        "delegation_from": date(2026, 1, 1),
        "delegation_until": date(2026, 12, 31),
        "delegation_electronic": True,
        **other,
    }


def wrong(pin: str) -> str:
    """Another PIN."""
    return f"{(int(pin) + 1) % 10**6:06}"
