"""At the hub's own door: an agency's certificate chains to an authority, is revoked, or nothing is known of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from conformance.signing import wss
from conformance.signing.keys import Identity
from gateway.domain.errors import Refused
from gateway.ledger.leaf import Leaf
from gateway.settings import Settings
from gateway.trust.certificates import RevocationMode
from tests.databases import Furnished
from tests.exchange import voices
from tests.exchange.conftest import hub_folder
from tests.exchange.keys import AT
from tests.exchange.stage import Stage
from tests.exchange.town import Door, Street
from tests.trust.authorities import Holder, root

DAY = timedelta(days=1)
ROOT = root(start=AT - 30 * DAY)


@dataclass
class Watched(Stage):
    """A hub that wants chains, hears its authority through a local list, and refuses whom it knows nothing of."""

    more: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        given = {"agency_ca_file": self.folder / "ca.pem", "crl_files": str(self.folder / "ca.crl")}
        return super().settings.model_copy(update={**given, "revocation": RevocationMode.HARD, **self.more})

    def publish(self, *revoked: Holder, at: datetime | None = None, this: datetime | None = None) -> None:
        """The authority's next list."""
        said = {each.serial: (at or self.clock(), x509.ReasonFlags.key_compromise) for each in revoked}
        this = this or self.clock()
        (self.folder / "ca.crl").write_bytes(ROOT.crl(said, this=this, following=this + DAY))

    def certify(self, leaf: Holder) -> Identity:
        """DPUPR registers a certificate of the authority."""
        registry = self.hub.store.registry
        challenge = registry.challenge("dpupr", leaf.certificate, f"nonce-{leaf.serial}")
        proof = leaf.key.sign(challenge, ec.ECDSA(hashes.SHA256()))
        registry.register_certificate("dpupr", leaf.certificate, challenge, proof, "staff/siti")
        return Identity(leaf.key, leaf.certificate)


@pytest.fixture
def stage(template: Furnished, door: Door, street: Street) -> Iterator[Watched]:
    with hub_folder(template) as (folder, url):
        (folder / "ca.pem").write_bytes(ROOT.pem)
        (folder / "ca.crl").write_bytes(ROOT.crl(this=AT, following=AT + DAY))
        opened = Watched(folder, door, street, url)
        yield opened
        opened.close()


def spoken(stage: Stage, signer: Identity) -> tuple[str, str]:
    """What becomes of a SOAP and of a REST message: the codes, "" and `not-found` when they are let in."""
    soap = voices.post(
        stage,
        voices.SOAP_PATH,
        wss.sign(
            voices.envelope(voices.recommendation("K-2026-000017"), relates_to="urn:uuid:x"), signer, at=stage.clock()
        ),
        voices.SOAP_12,
    )
    return soap.code, voices.ask_validity(stage, signer=signer).code


def test_a_certificate_of_an_authority_signs_until_it_is_revoked(stage: Watched) -> None:
    leaf = ROOT.issue(start=AT - DAY)
    signer = stage.certify(leaf)
    before = spoken(stage, signer)
    assert not any(each.startswith("certificate-") for each in before)
    stage.clock.advance(hours=1)
    stage.publish(leaf, at=stage.clock() - timedelta(minutes=10))
    assert spoken(stage, signer) == before  # nobody has looked yet
    assert stage.hub.revocation.run_once() == 1
    with stage.unchanged("exchange", "exchange_part"):
        assert spoken(stage, signer) == ("certificate-revoked", "certificate-revoked")
    last = Leaf.parse(stage.hub.store.reader.pending_leaves()[-1].canonical)
    assert (last.extra["step"], last.extra["reason"]) == ("revoked-by-authority", "keyCompromise")
    stage.restart()
    assert spoken(stage, signer) == ("certificate-revoked", "certificate-revoked")


def test_a_status_that_is_not_known_any_more_refuses_and_the_same_message_passes_once_it_is(stage: Watched) -> None:
    signer = stage.certify(ROOT.issue(start=AT - DAY))
    before = spoken(stage, signer)
    stage.clock.advance(days=2)  # nextUpdate and 24 hours of grace
    stage.hub.revocation.run_once()
    assert spoken(stage, signer) == before
    stage.clock.advance(minutes=10)
    stage.hub.revocation.run_once()
    assert spoken(stage, signer) == ("certificate-status-unknown", "certificate-status-unknown")
    stage.publish()
    assert stage.hub.revocation.run_once() == 0  # a silent source is asked again after a while
    stage.clock.advance(minutes=10)
    assert stage.hub.revocation.run_once() == 1
    assert spoken(stage, signer) == before


def test_a_soft_hub_takes_it_and_warns(stage: Watched) -> None:
    stage.more = {"revocation": RevocationMode.SOFT}
    stage.restart()
    signer = stage.certify(ROOT.issue(start=AT - DAY))
    before = spoken(stage, signer)
    stage.clock.advance(days=9)
    stage.hub.revocation.run_once()
    assert spoken(stage, signer) == before
    from gateway.operations.health import look

    store = stage.hub.store
    found = look(store.reader, store.unit_of_work, stage.clock(), stage.hub.standing)
    assert any("is not known since" in each for each in found.warnings)


def test_who_was_registered_before_there_were_authorities_is_refused_in_hard_mode_and_goes_on_in_soft(
    stage: Watched,
) -> None:
    with stage.unchanged("exchange", "exchange_part"):
        assert voices.ask_validity(stage).code == "certificate-chain-missing"
    stage.more = {"revocation": RevocationMode.SOFT}
    stage.restart()
    assert not voices.ask_validity(stage).code.startswith("certificate-")
    stage.more = {"agency_ca_file": None}
    stage.restart()
    assert not voices.ask_validity(stage).code.startswith("certificate-")


def test_a_certificate_of_nobody_we_know_is_not_registered_and_one_without_a_word_neither(stage: Watched) -> None:
    with pytest.raises(Refused) as caught:
        stage.certify(root("Lain").issue(start=AT - DAY))
    assert caught.value.code == "certificate-chain"
    (stage.folder / "ca.crl").write_bytes(ROOT.crl(this=AT - 3 * DAY, following=AT - 2 * DAY))
    with pytest.raises(Refused) as caught:
        stage.certify(ROOT.issue(start=AT - DAY))
    assert caught.value.code == "certificate-status-unknown"


def test_an_agency_has_two_certificates_while_it_rolls_over(stage: Watched) -> None:
    one, two = ROOT.issue(start=AT - DAY), ROOT.issue(start=AT - DAY)
    old, new = stage.certify(one), stage.certify(two)
    assert spoken(stage, old) == spoken(stage, new)
    stage.clock.advance(hours=2)
    stage.publish(one)
    stage.hub.revocation.run_once()
    assert spoken(stage, old)[1] == "certificate-revoked"
    assert not spoken(stage, new)[1].startswith("certificate-")
