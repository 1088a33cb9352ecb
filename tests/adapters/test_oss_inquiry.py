"""OSS inqueryNIB: a NIB that is not active calls a person; what OSS cannot say now says nothing of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from adapters.oss import ADAPTER
from gateway.contract.adapter import Accept, AskPerson, Query, Retry
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.errors import Refused
from gateway.domain.events import AttentionRaised, BusinessConfirmed, BusinessDoubtful, QueryBusiness

ASK = QueryBusiness()


@pytest.fixture
def query() -> Query[QueryBusiness]:
    declared = ADAPTER.interaction("inqueryNIB")
    assert isinstance(declared, Query)
    return declared


def _reply(status: str, *, kode: Json = "200", nib: str = "0000000000017") -> Payload:
    return {"responinqueryNIB": {"kode": kode, "keterangan": "-", "dataNIB": {"nib": nib, "status_nib": status}}}


def test_the_number_alone_is_asked_about(
    query: Query[QueryBusiness], case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    payload = query.to_agency(case, ASK, "m-1")
    assert payload == {"INQUERYNIB": {"nib": "0000000000017"}}
    assert violations(query.request, payload) == []
    nameless = replace(case, applicant=replace(case.applicant, nib=None))
    with pytest.raises(Refused, match="tidak memuat NIB"):
        query.to_agency(nameless, ASK, "m-1")


@pytest.mark.parametrize("status", ["01", "03", "04"])
@pytest.mark.parametrize("kode", ["200", 200])
def test_a_number_that_may_be_used_is_confirmed(
    query: Query[QueryBusiness], case: PermitCase, status: str, kode: Json
) -> None:
    heard = query.to_case(case, ASK, _reply(status, kode=kode))
    assert isinstance(heard, Accept)
    assert [(effect.case, effect.events) for effect in heard.effects] == [(case.id, (BusinessConfirmed(),))]


NOT_FOUND: Payload = {"responcheckNIB": {"kode": 404, "keterangan": "NIB tidak ditemukan"}}


@pytest.mark.parametrize(
    ("reply", "reason", "word"),
    [
        (_reply("05"), "frozen", "dibekukan"),
        (_reply("06"), "revoked", "dicabut"),
        (_reply("02"), "not-yet", "belum berlaku"),
        (NOT_FOUND, "not-found", "tidak dikenal"),
    ],
)
def test_a_number_that_is_not_active_is_doubtful_and_calls_a_person(
    query: Query[QueryBusiness],
    case: PermitCase,
    reply: Payload,
    reason: str,
    word: str,
    violations: Callable[[str, Payload], list[str]],
) -> None:
    assert violations(query.reply, reply) == []
    heard = query.to_case(case, ASK, reply)
    assert isinstance(heard, Accept)
    (effect,) = heard.effects
    doubtful, told = effect.events
    assert isinstance(doubtful, BusinessDoubtful)
    assert isinstance(told, AttentionRaised)
    assert doubtful.reason == reason
    assert word in doubtful.text
    assert doubtful.text in told.text


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (_reply("07"), AskPerson),
        (_reply("01", nib="0000000000025"), AskPerson),
        ({"responinqueryNIB": {"kode": "200", "keterangan": "Sukses"}}, AskPerson),
        ({"responinqueryNIB": {"kode": "400", "keterangan": "NIB salah"}}, AskPerson),
        ({"responinqueryNIB": {"kode": 500}}, Retry),
        ({"responinqueryNIB": {"kode": "504"}}, Retry),
    ],
)
def test_what_says_nothing_of_the_number_leaves_it_as_it_is(
    query: Query[QueryBusiness], case: PermitCase, reply: dict[str, Json], kind: type
) -> None:
    assert isinstance(query.to_case(case, ASK, reply), kind)


def test_a_key_that_oss_does_not_take_is_for_staff_to_mend(query: Query[QueryBusiness], case: PermitCase) -> None:
    heard = query.to_case(case, ASK, {"responinqueryNIB": {"kode": "401", "keterangan": "User tidak valid"}})
    assert isinstance(heard, AskPerson)
    assert heard.again
