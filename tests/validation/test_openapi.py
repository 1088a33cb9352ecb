"""An agency's OpenAPI says what it may call over REST, as agreed, with examples that pass."""

from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from gateway.contract.adapter import Adapter, Inquiry, Request
from gateway.contract.agreement import Agreement, agreement_from_document
from gateway.contract.message import Refusal
from gateway.dialect.profiles import INBOUND
from gateway.domain.errors import Misconfigured
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from gateway.validation.library import SchemaLibrary, default_roots
from gateway.validation.openapi import SECURITY, openapi_document
from tests.contract.drafts import draft

LIBRARY = SchemaLibrary(default_roots())
PATHS = {
    "bank": {f"/rest/bank/v1.0/transfer-va/{name}" for name in ("inquiry", "payment", "status")},
    "courier": {"/rest/courier/deliver-document"},
    "djp": set(),
    "dpupr": {"/rest/dpupr/permit-validity"},
    "dukcapil": set(),
    "email": {"/rest/email/mail-report"},
    "oss": {"/rest/oss/receiveNIB"},
    "satpolpp": {"/rest/satpolpp/recommendation"},
    "sms": {"/rest/sms/delivery-report"},
    "dinkes": {"/rest/dinkes/technical-recommendation"},
    "dishub": {"/rest/dishub/technical-recommendation"},
    "bpkpd": {"/rest/bpkpd/technical-recommendation"},
    "dlh": set(),
    "bakesbangpol": set(),
}
AGENCIES = tuple(PATHS)


def parties(agency: str) -> tuple[Adapter, Agreement]:
    adapter: Adapter = import_module(f"adapters.{agency}").ADAPTER
    return adapter, read_agreement(packaged_agreements()[adapter.agreement])


def test_what_is_confidential_is_described_as_a_jwe_around_the_agreed_document() -> None:
    adapter, agreement = parties("dpupr")
    said = packaged_agreements()["dpupr-2026"].replace("confidential = false", "confidential = true")
    secret = openapi_document(adapter, read_agreement(said), LIBRARY, "https://hub.example")
    clear = openapi_document(adapter, agreement, LIBRARY, "https://hub.example")
    operation, before = (each["paths"]["/rest/dpupr/permit-validity"]["post"] for each in (secret, clear))
    for now, then in (
        (operation["requestBody"], before["requestBody"]),
        (operation["responses"]["200"], before["responses"]["200"]),
    ):
        assert list(now["content"]) == ["application/jose"]
        schema = now["content"]["application/jose"]["schema"]
        assert (schema["type"], schema["contentMediaType"]) == ("string", "application/json")
        assert schema["contentSchema"] == then["content"]["application/json"]["schema"]
        assert "RSA-OAEP-256" in schema["description"]
    assert set(operation["responses"]["4XX"]["content"]) == {"application/problem+json", "application/jose"}
    assert set(before["responses"]["4XX"]["content"]) == {"application/problem+json"}


def test_every_profile_in_which_agencies_speak_to_the_hub_is_described() -> None:
    assert set(SECURITY) == set(INBOUND)


def described(agency: str) -> dict[str, Any]:
    return openapi_document(*parties(agency), LIBRARY, "https://hub.example")


def operations(agency: str) -> list[dict[str, Any]]:
    return [each["post"] for each in described(agency)["paths"].values()]


@pytest.mark.parametrize("agency", AGENCIES)
def test_it_names_what_the_agency_may_call_over_rest_and_nothing_else(agency: str) -> None:
    document = described(agency)
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "https://hub.example"}]
    assert set(document["paths"]) == PATHS[agency]
    assert parties(agency)[1].number in document["info"]["description"]


@pytest.mark.parametrize("agency", AGENCIES)
def test_every_example_keeps_to_the_schema_beside_it(agency: str) -> None:
    registry: Registry[Any] = Registry()
    for operation in operations(agency):
        for body in (operation["requestBody"], operation["responses"]["200"]):
            content = body["content"]["application/json"]
            resource = DRAFT202012.create_resource(content["schema"])
            validator = Draft202012Validator(
                content["schema"], registry=registry.with_resource(content["schema"]["$id"], resource)
            )
            assert content["examples"]
            assert not any("_fail" in name for name in content["examples"])
            assert all(validator.is_valid(each["value"]) for each in content["examples"].values())


@pytest.mark.parametrize("agency", AGENCIES)
def test_schemas_are_inlined_as_agreed(agency: str) -> None:
    _, agreement = parties(agency)
    for operation in operations(agency):
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        agreed = agreement.interaction(operation["operationId"])
        assert agreed is not None
        assert schema == LIBRARY.json(agreed.answer or agreed.request).schema


@pytest.mark.parametrize("agency", AGENCIES)
def test_every_credential_that_is_asked_for_is_described(agency: str) -> None:
    document = described(agency)
    used = {name for each in operations(agency) for requirement in each["security"] for name in requirement}
    assert used == set(document["components"]["securitySchemes"])


@pytest.mark.parametrize(
    ("agency", "headers"),
    [
        ("bank", {"X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID"}),
        ("oss", set()),
        ("dpupr", set()),
    ],
)
def test_a_profile_names_its_further_headers(agency: str, headers: set[str]) -> None:
    for operation in operations(agency):
        assert {each["name"] for each in operation["parameters"] if each["in"] == "header"} == headers
        assert all(each["required"] for each in operation["parameters"])


def test_an_answer_under_jws_is_signed_as_well_and_others_are_not() -> None:
    (signed,) = operations("dpupr")
    assert "X-JWS-Signature" in signed["responses"]["200"]["headers"]
    assert all("headers" not in each["responses"]["200"] for each in operations("oss"))


def test_a_no_is_a_problem_rfc_9457_where_the_agency_has_no_dialect() -> None:
    document = described("dpupr")
    for operation in operations("dpupr"):
        for status in ("4XX", "5XX"):
            assert operation["responses"][status]["content"] == {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }
    problem = Draft202012Validator(document["components"]["schemas"]["Problem"])
    good = {"type": "about:blank", "title": "x", "status": 400, "detail": "y", "code": "schema-violation"}
    assert problem.is_valid(good | {"violations": [{"path": "/a", "rule": "type", "text": "z"}]})
    assert not problem.is_valid({name: each for name, each in good.items() if name != "code"})


@pytest.mark.parametrize("agency", ["bank", "oss"])
def test_a_no_has_the_agencys_own_shape_where_it_has_a_dialect(agency: str) -> None:
    adapter, _ = parties(agency)
    assert adapter.dialect is not None
    for operation in operations(agency):
        interaction = adapter.interaction(operation["operationId"])
        assert interaction is not None
        said = adapter.dialect.refuse(interaction, Refusal(code="schema-violation", text="x"), None)
        (content,) = operation["responses"]["4XX"]["content"].values()
        assert Draft202012Validator(content["schema"]).is_valid(dict(said.payload))


def test_a_submission_without_a_reply_is_acknowledged() -> None:
    (report,) = operations("sms")
    assert (
        report["responses"]["200"]["content"]["application/json"]["schema"]["$id"] == "urn:simojo:acknowledgement:1.0"
    )


def test_what_is_not_agreed_is_not_described() -> None:
    adapter, agreement = parties("bank")
    less = replace(agreement, interactions=agreement.interactions[:1])
    assert set(openapi_document(adapter, less, LIBRARY, "https://hub.example")["paths"]) == {
        "/rest/bank/v1.0/transfer-va/inquiry"
    }


def test_a_profile_that_no_agency_speaks_to_the_hub_is_an_operators_business() -> None:
    adapter, agreement = parties("dpupr")
    basic = replace(
        adapter,
        interactions=tuple(
            replace(each, security="basic") if isinstance(each, Inquiry) else each for each in adapter.interactions
        ),
    )
    with pytest.raises(Misconfigured, match="permit-validity") as caught:
        openapi_document(basic, agreement, LIBRARY, "https://hub.example")
    assert caught.value.code == "profile-unknown"


def test_the_answer_to_our_request_is_called_by_the_agency() -> None:
    adapter, _ = parties("dpupr")
    request = next(each for each in adapter.interactions if isinstance(each, Request))
    over_rest = replace(
        request,
        name="opinion",
        security="jws",
        request="dpupr/permit-validity/1.0/request",
        answer="dpupr/permit-validity/1.0/reply",
        path="their/own/path",
    )
    terms = agreement_from_document(draft())
    document = openapi_document(replace(adapter, interactions=(over_rest,)), terms, LIBRARY, "https://hub.example")
    operation = document["paths"]["/rest/dpupr/opinion"]["post"]
    taken = operation["requestBody"]["content"]["application/json"]["schema"]
    assert taken == LIBRARY.json("dpupr/permit-validity/1.0/reply").schema
    given = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert given["$id"] == "urn:simojo:acknowledgement:1.0"
