"""Whether adapter, agreement and schemas say the same: each difference in a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapters.bank import ADAPTER as BANK
from adapters.dpupr import ADAPTER as DPUPR
from adapters.satpolpp import ADAPTER as SATPOLPP
from adapters.sms import ADAPTER as SMS
from gateway.contract.adapter import Adapter, Expected, Repeat
from gateway.domain.events import AttentionRaised
from gateway.exchange.checking import check_agreement
from gateway.exchange.plugins import load_adapters
from gateway.trust.policy import KeyKind
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.exchange import voices
from tests.exchange.agreed import library
from tests.exchange.keys import AT
from tests.exchange.stage import Stage


def twisted(adapter: Adapter, name: str, **members: Any) -> Adapter:
    changed = [replace(each, **members) if each.name == name else each for each in adapter.interactions]
    return replace(adapter, interactions=tuple(changed))


@pytest.mark.parametrize("adapter", [DPUPR, SMS], ids=lambda each: each.agency.id)
def test_the_packaged_agreements_fit_their_adapters(adapter: Adapter) -> None:
    assert check_agreement(adapter, read_agreement(packaged_agreements()[adapter.agreement]), library()) == ()


def test_every_difference_of_adapter_and_agreement_is_said_in_a_sentence() -> None:
    said = packaged_agreements()["dpupr-2026"]
    agreement = read_agreement(said)

    def differs(adapter: Adapter, other: str = said) -> str:
        return " | ".join(check_agreement(adapter, read_agreement(other), library()))

    assert "REST" not in differs(DPUPR)
    over_soap = twisted(DPUPR, "technical-recommendation", security="jws")
    assert "profile jws does not go with soap-1.2" in differs(over_soap)
    assert "no inbound profile 'nothing'" in differs(twisted(DPUPR, "permit-validity", security="nothing"))
    over_rest = said.replace('transport = "soap-1.2"', 'transport = "rest"')
    both = differs(twisted(DPUPR, "technical-recommendation", security="nothing"), over_rest)
    assert "no inbound profile 'nothing'" in both
    assert "no outbound profile 'nothing'" in both
    probing = twisted(DPUPR, "technical-recommendation", security="jws", repeat=Repeat.PROBE)
    assert "repeat = probe is not served" in differs(probing, over_rest)
    missing = said.replace("dpupr/permit-validity/1.0/request", "dpupr/permit-validity/9.9/request")
    assert "'dpupr/permit-validity/9.9/request' (.json) is not published" in differs(DPUPR, missing)
    unmarked = said.replace("fields = []", 'fields = ["permitNumber"]')
    assert "personal field permitNumber is permitted, and no schema" in differs(DPUPR, unmarked)
    shorter = replace(agreement, interactions=agreement.interactions[:1])
    assert any("permit-validity" in each for each in check_agreement(DPUPR, shorter, library()))


@pytest.mark.parametrize(
    ("twist", "said"),
    [
        (
            {"security": "basic"},
            "profile basic does not go with a mailbox, whose items are signed; jws and wss-x509 can",
        ),
        ({"repeat": Repeat.NEVER}, "repeat = never does not go with a mailbox"),
        ({"redact": ("pin",)}, "a mailbox has no secrets to fill in (redact names pin)"),
    ],
)
def test_a_mailbox_is_signed_given_again_and_holds_no_secret(twist: dict[str, Any], said: str) -> None:
    agreement = read_agreement(packaged_agreements()["satpolpp-2026"])
    assert check_agreement(SATPOLPP, agreement, library()) == ()
    found = check_agreement(twisted(SATPOLPP, "recommendation-task", **twist), agreement, library())
    assert any(said in each for each in found)


def test_a_file_expects_facts_that_are_found_by_their_time() -> None:
    agreement = read_agreement(packaged_agreements()["bank-2026-1.2"])
    assert check_agreement(BANK, agreement, library()) == ()
    unknown: Expected[AttentionRaised] = Expected(
        fact=AttentionRaised, at=lambda _: AT, names=lambda *_: True, missed=lambda _: ""
    )
    found = check_agreement(twisted(BANK, "settlement", expects=unknown), agreement, library())
    assert any("names the fact AttentionRaised, which is not found by its time" in each for each in found)


@pytest.mark.parametrize("agency", ["bank", "djp", "dukcapil", "oss", "sms", "dpupr"])
def test_confidential_goes_with_the_profiles_that_can_encrypt(agency: str) -> None:
    adapter = load_adapters()[agency]
    said = packaged_agreements()[adapter.agreement].replace("confidential = false", "confidential = true")
    assert "confidential = true" in said
    found = check_agreement(adapter, read_agreement(said), library())
    unable = [each for each in found if "which cannot encrypt; jws and wss-x509 can" in each]
    assert len(unable) == (0 if agency == "dpupr" else len(read_agreement(said).interactions))


@pytest.mark.parametrize(
    ("kind", "unable"),
    [
        (KeyKind.RSA, []),
        (KeyKind.P256, ["technical-recommendation"]),
        (KeyKind.ED25519, ["technical-recommendation", "permit-validity"]),
    ],
)
def test_confidential_goes_with_a_key_of_the_hub_that_can_decrypt(kind: KeyKind, unable: list[str]) -> None:
    clear = packaged_agreements()["dpupr-2026"]
    secret = clear.replace("confidential = false", "confidential = true")
    found = check_agreement(DPUPR, read_agreement(secret), library(), kind)
    assert [each.partition(":")[0] for each in found] == [f"dpupr/{name}" for name in unable]
    assert all("SIMOJO_SIGNING_KEY_FILE" in each for each in found)
    assert check_agreement(DPUPR, read_agreement(clear), library(), kind) == ()


def test_an_agency_whose_adapter_and_agreement_differ_is_suspended_alone_until_they_agree(stage: Stage) -> None:
    right = stage.adapters["dpupr"]
    stage.adapters["dpupr"] = twisted(right, "permit-validity", security="nothing")
    stage.hub.suspend_where_different()
    stage.adapters["dpupr"] = right
    assert voices.ask_validity(stage).code == "agency-suspended"
    assert voices.send_nib(stage).json["responreceiveNIB"]["status"] == "1"
    stage.hub.suspend_where_different()
    assert voices.ask_validity(stage).code == "not-found"
