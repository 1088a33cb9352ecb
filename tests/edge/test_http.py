"""Bodies are bounded in size and time; an error is a problem with a stable code, in the client's language."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

import pytest
from fastapi import Request

from gateway.domain.errors import (
    AgencyUnavailable,
    CaseRefusal,
    GatewayError,
    HubBusy,
    LedgerBroken,
    Malformed,
    MappingFault,
    Misconfigured,
    Refused,
    Replayed,
    Retriable,
    SchemaViolation,
    Unauthenticated,
    Unauthorised,
    Violation,
)
from gateway.domain.titles import TITLES, Language, title_of, title_of_code
from gateway.edge.http import joined_headers, language_of, problem, problem_body, read_body, status_of
from gateway.edge.languages import preferred_language


def request(*chunks: bytes, then: str = "end", **headers: str) -> Request:
    """A POST whose body comes in chunks, and then ends, hangs or breaks off."""
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if then == "break":
        waiting.append({"type": "http.disconnect"})
    elif then == "end":
        waiting.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": fields}, receive)


def refused(reading: Awaitable[bytes]) -> Malformed:
    async def run() -> bytes:
        return await reading

    with pytest.raises(Malformed) as raised:
        asyncio.run(run())
    return raised.value


# --- bodies ----------------------------------------------------------------------------------------------------------


def test_a_body_of_exactly_the_limit_is_read_whole() -> None:
    assert asyncio.run(read_body(request(b"ab", b"", b"cde", content_length="5"), 5)) == b"abcde"


def test_header_lines_of_one_name_are_one_value_rfc_9110_5_3() -> None:
    lines = [(b"x-jws-signature", b"a..b"), (b"Accept", b"*/*"), (b"X-JWS-Signature", b"c..d")]
    seen = joined_headers(lines)
    assert seen == {"x-jws-signature": "a..b, c..d", "accept": "*/*"}


def test_an_empty_body_is_an_empty_body() -> None:
    assert asyncio.run(read_body(request(), 0)) == b""


def test_a_body_that_announces_too_much_is_refused_before_it_is_read() -> None:
    error = refused(read_body(request(then="hang", content_length="6"), 5))

    assert (error.code, status_of(error)) == ("body-too-large", 413)


@pytest.mark.parametrize("announced", [{}, {"content_length": "3"}, {"content_length": "-1"}])
def test_a_body_that_grows_too_large_is_refused_whatever_it_announced(announced: dict[str, str]) -> None:
    error = refused(read_body(request(b"abc", b"def", then="hang", **announced), 5))

    assert error.code == "body-too-large"


def test_a_body_that_does_not_come_to_an_end_in_time_is_refused() -> None:
    error = refused(read_body(request(b"abc", then="hang"), 5, within_s=0.05))

    assert (error.code, status_of(error)) == ("body-too-slow", 408)


def test_a_client_that_goes_away_leaves_no_half_body() -> None:
    error = refused(read_body(request(b"abc", then="break"), 5))

    assert (error.code, status_of(error)) == ("body-cut-off", 400)


# --- problems --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unauthenticated("x"), 401),
        (Unauthorised("x"), 403),
        (Malformed("x"), 400),
        (Malformed("x", code="content-type-wrong"), 415),
        (SchemaViolation("x"), 422),
        (Replayed("x"), 409),
        (CaseRefusal("x"), 409),
        (Refused("x"), 400),
        (Malformed("x", code="body-too-large"), 413),
        (Unauthorised("x", code="agency-unknown"), 404),
        (Refused("x", code="case-unknown"), 404),
        (Refused("x", code="erasure-unknown"), 404),
        (Refused("x", code="dossier-unknown"), 404),
        (Refused("x", code="erased"), 410),
        (Misconfigured("x", code="document-unknown"), 500),
        (HubBusy("x"), 503),
        (AgencyUnavailable("x"), 503),
        (MappingFault("x"), 500),
        (Retriable("x", code="receipt-not-yet"), 503),
        (Misconfigured("x"), 500),
        (LedgerBroken("x"), 500),
        (GatewayError("x"), 500),
    ],
)
def test_the_status_says_whose_turn_it_is(error: GatewayError, status: int) -> None:
    response = problem(error, language=Language.ENGLISH)

    assert (response.status_code, json.loads(bytes(response.body))["status"]) == (status, status)


def test_a_problem_has_every_member() -> None:
    error = SchemaViolation(
        "one member breaks the schema; correct it",
        clause="Pasal 21(2)c.3",
        violations=(Violation(path="/nama", rule="minLength", text="at least 1 character"),),
    )

    response = problem(error, exchange="x-17", instance="/rest/dukcapil/y", language=Language.ENGLISH)

    assert json.loads(bytes(response.body)) == {
        "type": "urn:simojo:problem:schema-violation",
        "title": "Breaks the agreed schema",
        "status": 422,
        "detail": "one member breaks the schema; correct it",
        "code": "schema-violation",
        "clause": "Pasal 21(2)c.3",
        "violations": [{"path": "/nama", "rule": "minLength", "text": "at least 1 character"}],
        "exchange": "x-17",
        "instance": "/rest/dukcapil/y",
    }
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["content-language"] == "en"
    assert response.headers["cache-control"] == "no-store"


def test_what_is_not_known_is_not_there_and_lists_are_always_lists() -> None:
    body = json.loads(problem_body(Refused("x"), exchange=None, language=Language.INDONESIAN))

    assert {"exchange", "instance"}.isdisjoint(body)
    assert (body["clause"], body["violations"], body["title"]) == ("", [], "Pesan ditolak")


@pytest.mark.parametrize("error", [Misconfigured("set /etc/hub.key"), LedgerBroken("leaf 7 of /data")])
def test_what_only_the_operator_can_mend_stays_inside(error: GatewayError) -> None:
    said = problem_body(error, exchange=None, language=Language.ENGLISH).decode()

    assert error.text not in said
    assert error.code in said


def test_text_without_an_encoding_does_not_break_the_problem() -> None:
    assert json.loads(problem_body(Refused("a\ud800b"), exchange=None, language=Language.ENGLISH))["detail"] == "a?b"


@pytest.mark.parametrize(
    ("error", "header", "value"),
    [
        (HubBusy("x"), "retry-after", "2"),
        (HubBusy("x", after_s=30), "retry-after", "30"),
        (AgencyUnavailable("x", after_s=9), "retry-after", "9"),
        (MappingFault("x", after_s=60), "retry-after", "60"),
        (AgencyUnavailable("x"), "retry-after", None),
        (Refused("x"), "retry-after", None),
        (Unauthenticated("x"), "www-authenticate", 'Signature realm="simojo"'),
        (Unauthorised("x"), "www-authenticate", None),
        (Malformed("x", code="body-too-slow"), "connection", "close"),
        (Malformed("x"), "connection", None),
    ],
)
def test_headers_that_belong_to_a_status(error: GatewayError, header: str, value: str | None) -> None:
    assert problem(error, language=Language.INDONESIAN).headers.get(header) == value


# --- languages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        (None, "id"),
        ("", "id"),
        ("*", "id"),
        ("fr", "id"),
        ("en", "en"),
        ("EN-gb,fr;q=0.8", "en"),
        ("id,en;q=0.9", "id"),
        ("en;q=0.9, id;q=0.8", "en"),
        ("en;q=0.5,id;q=0.5", "id"),
        ("en;q=0", "id"),
        ("en;q=x,", "id"),
        ("en;level=1", "en"),
        ("in,en;q=0.1", "id"),
        ("en; q=0.2, en; q=0.9, id; q=0.5", "en"),
    ],
)
def test_the_language_is_indonesian_unless_english_is_preferred(asked: str | None, language: str) -> None:
    assert preferred_language(asked).value == language
    assert language_of({} if asked is None else {"accept-language": asked}).value == language


def every_kind(kind: type[GatewayError] = GatewayError) -> list[type[GatewayError]]:
    return [kind, *(each for sub in kind.__subclasses__() for each in every_kind(sub))]


def test_every_kind_of_error_of_the_domain_has_a_title_of_its_own() -> None:
    kinds = [kind for kind in every_kind() if kind.__module__ == "gateway.domain.errors"]

    assert {kind.default_code for kind in kinds} <= TITLES.keys()
    assert all(title.indonesian and title.english for title in TITLES.values())


@pytest.mark.parametrize(
    ("error", "english"),
    [
        (Malformed("x", code="body-too-slow"), "The body arrives too slowly"),
        (Malformed("x", code="never-heard-of"), "The message cannot be read"),
        (Retriable("x", code="never-heard-of"), "Try again later"),
        (Refused("x", code="tile-unknown"), "No such tile"),
        (Refused("x", code="erased"), "The data are erased"),
        (Unauthorised("x", code="scope-missing"), "The token lacks the scope"),
    ],
)
def test_a_code_has_its_title_or_else_that_of_its_kind(error: GatewayError, english: str) -> None:
    assert title_of(error).in_language(Language.ENGLISH) == english


def test_a_code_alone_goes_by_whose_fault_it_is() -> None:
    assert title_of_code("hub-busy", sender=True).english == "The hub is busy"
    assert title_of_code("never-heard-of", sender=True).english == "Message refused"
    assert title_of_code("never-heard-of", sender=False).english == "Try again later"
