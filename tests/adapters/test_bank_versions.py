"""What a bank may add to a payment: from agreement 1.2 on every member of SNAP, and nothing of a payer not agreed."""

import json

import pytest

from adapters.bank import ADAPTER
from gateway.contract.message import Payload
from gateway.validation.agreement_file import agreements_of, read_agreement
from gateway.validation.library import SchemaLibrary, default_roots
from gateway.validation.minimise import excess
from tests.adapters.conftest import ROOT

AGREEMENTS = {agreement.version: agreement for agreement in map(read_agreement, agreements_of(ADAPTER).values())}


def example(interaction: str, name: str) -> Payload:
    path = ROOT / "schemas" / "bank" / interaction / "1.1" / "examples" / "request" / f"{name}.json"
    said: Payload = json.loads(path.read_text(encoding="utf-8"))
    return said


def faults(version: str, interaction: str, payload: Payload) -> list[str]:
    (agreed,) = (each for each in AGREEMENTS[version].interactions if each.name == interaction)
    (declared,) = (each for each in ADAPTER.interactions if each.request == agreed.request and each.is_of(version))
    document = SchemaLibrary(default_roots([ADAPTER])).json(declared.request)
    broken = list(document.check(payload)) + list(excess(document, payload, agreed.personal.fields))
    return [each.rule for each in broken]


@pytest.mark.parametrize(
    ("interaction", "name"),
    [("va-payment", "every-optional-member"), ("qris-notify", "with-members-of-the-bank")],
)
def test_what_snap_lets_a_bank_add_is_taken_from_agreement_1_2_on(interaction: str, name: str) -> None:
    assert faults("1.2", interaction, example(interaction, name)) == []
    assert faults("1.1", interaction, example(interaction, name))


def test_a_payer_named_in_additional_info_is_beyond_the_agreement() -> None:
    told = example("qris-notify", "with-members-of-the-bank")
    additional = told["additionalInfo"]
    assert isinstance(additional, dict)
    said = {**told, "additionalInfo": {**additional, "customerName": "Contoh"}}
    assert faults("1.2", "qris-notify", said) == ["personal-data"]
