"""What integration staff keep about agencies: a deed is one commit with its leaf, and repeating it changes nothing."""

from __future__ import annotations

import dataclasses

import pytest

from gateway.contract.adapter import Adapter
from gateway.contract.agreement import Agreement, agreement_hash
from gateway.domain.errors import Misconfigured
from gateway.exchange.plugins import load_adapters
from gateway.operations.registry import Registry, require_known
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.operations.ledgers import NOW, Office
from tests.operations.registrars import ACTOR, refusal, registry_of, said

AGREEMENT = read_agreement(packaged_agreements()["dpupr-2026"])
ADAPTER = load_adapters()["dpupr"]


# --- agreements ---------------------------------------------------------------------------------------------------


def test_an_agreement_is_kept_as_a_draft_with_its_hash_and_its_agency(office: Office, registry: Registry) -> None:
    found = registry.import_agreement(AGREEMENT, ADAPTER, ACTOR)
    row = office.reader.agreement("dpupr-2026", AGREEMENT.version)
    assert row is not None
    assert (row.state, row.hash, found) == ("draft", agreement_hash(AGREEMENT), agreement_hash(AGREEMENT))
    assert [each.id for each in office.reader.agencies()] == ["dpupr"]
    assert registry.import_agreement(AGREEMENT, ADAPTER, ACTOR) == found
    assert said(office) == [("agreement", "imported")]


def test_a_kept_version_is_never_changed_21_2(office: Office, registry: Registry) -> None:
    registry.import_agreement(AGREEMENT, ADAPTER, ACTOR)
    caught = refusal(lambda: registry.import_agreement(changed("prior_discussion", "Lain"), ADAPTER, ACTOR))
    assert (caught.code, caught.clause) == ("agreement-exists", "Pasal 21(2)")
    registry.import_agreement(changed("version", "1.1"), ADAPTER, ACTOR)
    assert [row.version for row in office.reader.agreements("dpupr")] == ["1.0", "1.1"]


def changed(member: str, value: str) -> Agreement:
    """The agreement with one member of its file changed."""
    text = packaged_agreements()["dpupr-2026"]
    line = next(line for line in text.splitlines() if line.startswith(f"{member} = "))
    return read_agreement(text.replace(line, f'{member} = "{value}"'))


def test_an_agreement_is_activated_for_development_once(office: Office, registry: Registry) -> None:
    registry.import_agreement(AGREEMENT, ADAPTER, ACTOR)
    for _ in range(2):
        registry.activate_for_development("dpupr-2026", "1.0", ACTOR)
    row = office.reader.agreement("dpupr-2026", "1.0")
    assert row is not None
    assert (row.state, row.activated_as, row.activated_at) == ("active", "development", NOW)
    assert said(office) == [("agreement", "imported"), ("agreement", "activated")]


def test_activation_is_refused_in_production_mode_21_2(office: Office, registry: Registry) -> None:
    registry.import_agreement(AGREEMENT, ADAPTER, ACTOR)
    caught = refusal(lambda: registry_of(office, production=True).activate_for_development("dpupr-2026", "1.0", ACTOR))
    assert (caught.code, caught.clause) == ("activation-refused", "Pasal 21(2)")
    assert [row.state for row in office.reader.agreements()] == ["draft"]


def test_an_agreement_that_is_not_kept_cannot_be_activated(registry: Registry) -> None:
    assert refusal(lambda: registry.activate_for_development("x", "1.0", ACTOR)).code == "agreement-unknown"


def test_an_agency_is_suspended_with_a_reason_and_resumed(office: Office, registry: Registry) -> None:
    registry.suspend(ADAPTER, "tidak dikenal", ACTOR)  # nobody is there yet: nothing happens
    registry.import_agreement(AGREEMENT, ADAPTER, ACTOR)
    for reason in ("berbeda", "berbeda", None, None):
        registry.suspend(ADAPTER, reason, ACTOR)
        row = office.reader.agency("dpupr")
        assert row is not None
        assert row.suspended == reason
    assert [step for _, step in said(office)] == ["imported", "suspended", "resumed"]


# --- endpoints and credentials ------------------------------------------------------------------------------------


def test_an_endpoint_is_set_changed_and_set_for_one_interaction(office: Office, registry: Registry) -> None:
    for url in ("https://a.example", "https://a.example", "https://b.example"):
        registry.set_endpoint("dpupr", url, ACTOR)
    registry.set_endpoint("dpupr", "https://c.example/rek", ACTOR, "technical-recommendation")
    urls = {row.interaction: row.url for row in office.reader.endpoints("dpupr")}
    assert urls == {"*": "https://b.example", "technical-recommendation": "https://c.example/rek"}
    assert said(office) == [("staff", "endpoint")] * 3


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example",
        "https://",
        "a.example",
        "",
        "http://127.0.0.1:999999/",
        "http://a:0/",
        "http://a:b",
        "http://[::1",
    ],
)
def test_what_is_no_url_is_refused(registry: Registry, url: str) -> None:
    assert refusal(lambda: registry.set_endpoint("dpupr", url, ACTOR)).code == "endpoint-invalid"


def test_plain_http_is_for_loopback_in_production_mode_20_d(office: Office) -> None:
    registry = registry_of(office, production=True)
    caught = refusal(lambda: registry.set_endpoint("dpupr", "http://a.example", ACTOR))
    assert (caught.code, caught.clause) == ("endpoint-invalid", "Pasal 20 d")
    registry.set_endpoint("dpupr", "http://127.0.0.1:9", ACTOR)
    registry_of(office).set_endpoint("bank", "http://a.example", ACTOR)
    assert office.reader.endpoint("dpupr", "x") == "http://127.0.0.1:9"


def test_a_credential_is_sealed_and_can_be_replaced(office: Office, registry: Registry) -> None:
    for secret in ("rahasia-1", "rahasia-2"):
        registry.set_credential("bank", "client_secret", secret, ACTOR)
        assert office.vault.secrets.credential("bank", "client_secret") == secret
    assert b"rahasia" not in office.value("SELECT sealed FROM credential")
    assert said(office) == [("staff", "credential")] * 2


def test_an_agency_without_an_adapter_is_named() -> None:
    assert require_known(ADAPTER, "dpupr") is ADAPTER
    with pytest.raises(Misconfigured, match="'rumah': `simojo agency list`") as caught:
        require_known(None, "rumah")
    assert caught.value.code == "agency-unknown"


def test_the_adapter_of_an_agreement_says_who_the_agency_is(office: Office, registry: Registry) -> None:
    renamed: Adapter = dataclasses.replace(ADAPTER, agency=dataclasses.replace(ADAPTER.agency, name="Dinas Contoh"))
    registry.import_agreement(AGREEMENT, renamed, ACTOR)
    row = office.reader.agency("dpupr")
    assert row is not None
    assert (row.name, row.suspended) == ("Dinas Contoh", None)
