"""Errors carry what a program and a person need, and are named by what the caller does next."""

import pytest

from gateway.domain import errors
from gateway.domain.errors import (
    AgencyUnavailable,
    GatewayError,
    Misconfigured,
    Refused,
    Retriable,
    Tampered,
    Violation,
)

EVERY = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, GatewayError)]


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_every_error_has_a_stable_code_of_its_own(kind: type[GatewayError]) -> None:
    error = kind("yang salah")
    assert error.code == kind.default_code
    assert str(error) == error.text == "yang salah"
    assert error.code == error.code.lower().replace("_", "-")
    assert [each.default_code for each in EVERY].count(error.code) == 1
    assert kind("x", code="other-code").code == "other-code"


@pytest.mark.parametrize("kind", [each for each in EVERY if each is not GatewayError], ids=lambda kind: kind.__name__)
def test_every_error_says_by_its_branch_what_to_do_next(kind: type[GatewayError]) -> None:
    assert len([branch for branch in (Retriable, Refused, Tampered, Misconfigured) if issubclass(kind, branch)]) == 1


def test_a_retriable_error_may_say_when_and_a_refusal_what_is_broken() -> None:
    assert AgencyUnavailable("sibuk", after_s=60).after_s == 60
    assert AgencyUnavailable("sibuk").after_s is None
    broken = (Violation(path="/nik", rule="pattern", text="16 digits"),)
    refused = Refused("salah", clause="Pasal 21(2)c.3", violations=broken)
    assert (refused.clause, refused.violations) == ("Pasal 21(2)c.3", broken)
