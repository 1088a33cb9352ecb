"""Documents are put into the members that the interaction names, and members of the payload into its path."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from adapters.bsre import ADAPTER
from adapters.dpupr import ADAPTER as DPUPR
from gateway.contract.adapter import Query
from gateway.contract.agreement import AgreedInteraction
from gateway.domain.errors import MappingFault
from gateway.exchange.addressing import with_documents, with_members
from gateway.exchange.checking import check_agreement
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.exchange.stage import LIBRARY

SHA256 = "a" * 64
PLACE = f"{{{{document:{SHA256}}}}}"


def query(name: str) -> Query[Any]:
    declared = ADAPTER.interaction(name)
    assert isinstance(declared, Query)
    return declared


def documents(sha256: str) -> bytes | None:
    return b"%PDF-" if sha256 == SHA256 else None


def test_a_document_takes_its_place_in_a_named_member_alone() -> None:
    sent = with_documents(query("sign-pdf"), {"file": [PLACE, "x"], "reason": PLACE}, documents)
    assert sent == {"file": [base64.b64encode(b"%PDF-").decode(), "x"], "reason": PLACE}
    assert with_documents(query("user-status"), {"file": PLACE}, documents) == {"file": PLACE}


def test_a_document_that_the_case_has_not_is_a_fault_of_the_mapping() -> None:
    with pytest.raises(MappingFault) as caught:
        with_documents(query("sign-pdf"), {"file": [PLACE.replace(SHA256, "b" * 64)]}, documents)
    assert caught.value.code == "document-missing"


@pytest.mark.parametrize("value", ["", 17, None])
def test_a_path_is_filled_with_text_percent_encoded(value: Any) -> None:
    url = "https://bsre.example/api/user/status/{nik}"
    said = with_members(query("user-status"), url, {"nik": "9999/../a b"})
    assert said == "https://bsre.example/api/user/status/9999%2F..%2Fa%20b"
    with pytest.raises(MappingFault) as caught:
        with_members(query("user-status"), url, {"nik": value})
    assert caught.value.code == "path-member-missing"


@pytest.mark.parametrize("value", [".", ".."])
def test_a_member_of_dots_does_not_climb_the_path(value: str) -> None:
    with pytest.raises(MappingFault) as caught:
        with_members(query("user-status"), "https://bsre.example/api/user/status/{nik}", {"nik": value})
    assert caught.value.code == "path-member-dots"


@pytest.mark.parametrize("profile", ["jws", "snap-bi-asymmetric", "snap-bi-asymmetric-path-hex"])
def test_a_get_is_not_agreed_under_a_profile_that_signs_bodies(profile: str) -> None:
    agreement = read_agreement(packaged_agreements()["bsre-2026"])

    def signed(each: Any) -> Any:
        return replace(each, security=profile) if each.name == "user-status" else each

    changed = replace(ADAPTER, interactions=tuple(map(signed, ADAPTER.interactions)))
    interactions: tuple[AgreedInteraction, ...] = tuple(map(signed, agreement.interactions))
    (text,) = check_agreement(changed, replace(agreement, interactions=interactions), LIBRARY)
    assert text.startswith(f"bsre/user-status: method GET has no body, and profile {profile} signs one: ask by POST")
    assert check_agreement(ADAPTER, agreement, LIBRARY) == ()
    assert all(getattr(each, "method", "POST") == "POST" for each in DPUPR.interactions)
