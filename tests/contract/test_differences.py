"""Where adapter and agreement differ is said exactly: such an adapter does not exchange (Pasal 21(2))."""

from dataclasses import replace

import pytest

from gateway.contract.adapter import (
    Accept,
    Adapter,
    Agency,
    AgencyKind,
    Found,
    Inquiry,
    Interaction,
    Notification,
    Query,
    Repeat,
    Request,
    Submission,
)
from gateway.contract.agreement import agreement_from_document
from gateway.contract.differences import declared_for, differences, model_of
from gateway.contract.message import Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import Ask, Reference, RequestRecommendation
from tests.contract.drafts import FILE, draft


def to_agency(case: PermitCase, ask: Ask, message: str) -> Payload:
    return {"case": case.id, "message": message}


def to_case(case: PermitCase, ask: Ask, payload: Payload) -> Accept:
    return Accept()


def about(payload: Payload) -> tuple[Reference, ...]:
    return ()


def answer(payload: Payload, found: Found) -> Payload:
    return {}


def to_cases(payload: Payload, found: Found) -> Accept:
    return Accept()


OPINION: Request[Ask] = Request(
    name="opinion",
    serves=RequestRecommendation,
    security="jws",
    request="contoh/opinion/1.0/request",
    answer="contoh/opinion/1.0/answer",
    to_agency=to_agency,
    to_case=to_case,
    repeat=Repeat.SAME_ID,
)
ASK = Inquiry(
    name="ask",
    security="wss-x509",
    request="contoh/ask/1.0/request",
    reply="contoh/ask/1.0/reply",
    about=about,
    answer=answer,
)
AGREEMENT = agreement_from_document(FILE)


def adapter(*interactions: Interaction, agency: str = "contoh", agreement: str = "contoh-2026") -> Adapter:
    return Adapter(
        agency=Agency(agency, "Dinas Contoh", AgencyKind.HORIZONTAL),
        agreement=agreement,
        package="contoh",
        interactions=interactions or (OPINION, ASK),
    )


def test_nothing_is_said_of_an_adapter_that_keeps_to_its_agreement() -> None:
    assert differences(AGREEMENT, adapter()) == ()


@pytest.mark.parametrize(
    ("altered", "sentence"),
    [
        (adapter(agency="lain"), "agreement contoh-2026 is with contoh, the adapter is lain's"),
        (adapter(agreement="contoh-2025"), "the adapter was written for agreement contoh-2025, this is contoh-2026"),
        (adapter(OPINION), "ask: agreed, and the adapter does not declare it"),
        (
            adapter(OPINION, ASK, replace(ASK, name="extra")),
            "extra: declared by the adapter, and not agreed",
        ),
        (
            adapter(replace(OPINION, security="basic"), ASK),
            "opinion: the security profile is basic in the adapter and jws in the agreement",
        ),
        (
            adapter(replace(OPINION, request="x"), ASK),
            "opinion: the request's schema is x in the adapter and contoh/opinion/1.0/request in the agreement",
        ),
        (
            adapter(replace(OPINION, answer="x"), ASK),
            "opinion: the answer's schema is x in the adapter and contoh/opinion/1.0/answer in the agreement",
        ),
        (
            adapter(OPINION, replace(ASK, reply="contoh/ask/1.0/other")),
            "ask: the reply's schema is contoh/ask/1.0/other in the adapter and contoh/ask/1.0/reply in the agreement",
        ),
        (
            adapter(replace(OPINION, repeat=Repeat.NEVER), ASK),
            "opinion: repeat is never in the adapter and same-id in the agreement",
        ),
        (
            adapter(replace(OPINION, version="1.1"), ASK),
            "opinion: the version is 1.1 in the adapter and 1.0 in the agreement",
        ),
    ],
)
def test_one_difference_is_one_sentence(altered: Adapter, sentence: str) -> None:
    assert differences(AGREEMENT, altered) == (sentence,)


def test_each_version_of_an_agreement_takes_the_declaration_of_its_own_schemas() -> None:
    newer = replace(OPINION, version="1.1", request="contoh/opinion/1.1/request", answer="contoh/opinion/1.1/answer")
    both = adapter(OPINION, newer, ASK)
    agreed = draft(request=newer.request, answer=newer.answer)
    agreed["agreement"]["version"] = "1.1"
    second = agreement_from_document(agreed)
    assert differences(AGREEMENT, both) == differences(second, both) == ()
    assert [declared_for(both, each, each.interactions[0]) for each in (AGREEMENT, second)] == [OPINION, newer]
    third = agreement_from_document(draft(request="contoh/opinion/1.2/request"))
    assert differences(third, both) == ("opinion: version 1.2 is agreed, and the adapter declares 1.0 and 1.1",)
    assert declared_for(both, third, third.interactions[0]) is None


@pytest.mark.parametrize(
    ("bounds", "version", "sentences"),
    [
        ({"since": "1.1"}, "1.1", ()),
        ({"since": "1.1"}, "1.10", ()),
        (
            {"since": "1.10"},
            "1.9",
            ("ask: agreed, and the adapter declares it since version 1.10 of the agreement alone",),
        ),
        (
            {"until": "1.0"},
            "1.1",
            ("ask: agreed, and the adapter declares it until version 1.0 of the agreement alone",),
        ),
    ],
)
def test_what_is_agreed_has_to_be_declared_for_that_version(
    bounds: dict[str, str], version: str, sentences: tuple[str, ...]
) -> None:
    agreed = draft()
    agreed["agreement"]["version"] = version
    said = adapter(OPINION, replace(ASK, **bounds))  # type: ignore[arg-type]  # since and until
    assert differences(agreement_from_document(agreed), said) == sentences


@pytest.mark.parametrize(
    ("bounds", "sentences"),
    [
        ({"since": "1.1"}, ()),
        ({"until": "0.9"}, ()),
        ({"since": "1.0", "until": "1.0"}, ("extra: declared by the adapter, and not agreed",)),
    ],
)
def test_what_is_declared_for_that_version_has_to_be_agreed(bounds: dict[str, str], sentences: tuple[str, ...]) -> None:
    extra = replace(ASK, name="extra", **bounds)  # type: ignore[arg-type]  # since and until
    assert differences(AGREEMENT, adapter(OPINION, ASK, extra)) == sentences


def test_one_version_of_the_schemas_may_be_spoken_otherwise_from_a_later_agreement_on() -> None:
    older, newer = replace(ASK, until="1.0"), replace(ASK, since="1.1", security="jws")
    agreed = draft()
    agreed["agreement"]["version"] = "1.1"
    agreed["interaction"][1]["security"] = "jws"
    second = agreement_from_document(agreed)
    both = adapter(OPINION, older, newer)
    assert differences(AGREEMENT, both) == differences(second, both) == ()
    assert [declared_for(both, each, each.interactions[1]) for each in (AGREEMENT, second)] == [older, newer]


def test_another_model_differs_in_what_only_it_has() -> None:
    told = Submission(
        name="ask",
        security="wss-x509",
        request="contoh/ask/1.0/request",
        about=about,
        to_cases=to_cases,
    )
    assert differences(AGREEMENT, adapter(OPINION, told)) == (
        "ask: the model is submission in the adapter and inquiry in the agreement",
        "ask: the reply's schema is none in the adapter and contoh/ask/1.0/reply in the agreement",
    )


def test_a_document_id_without_a_version_agrees_with_no_version() -> None:
    said = differences(agreement_from_document(draft(request="opinion")), adapter())
    assert "opinion: the version is 1.0 in the adapter and none in the agreement" in said


@pytest.mark.parametrize(
    ("interaction", "model"),
    [
        (OPINION, "request"),
        (ASK, "inquiry"),
        (
            Query(
                name="q",
                serves=RequestRecommendation,
                security="jws",
                request="r",
                reply="r",
                to_agency=to_agency,
                to_case=to_case,
                repeat=Repeat.SAFE,
            ),
            "query",
        ),
        (
            Notification(
                name="n",
                serves=RequestRecommendation,
                security="jws",
                request="r",
                to_agency=to_agency,
                repeat=Repeat.SAFE,
            ),
            "notification",
        ),
        (
            Submission(
                name="s",
                security="jws",
                request="r",
                about=about,
                to_cases=to_cases,
            ),
            "submission",
        ),
    ],
)
def test_models_are_named_as_in_agreements_pasal_21_2_c_1(interaction: Interaction, model: str) -> None:
    assert model_of(interaction) == model
