"""An agreement file is TOML of the agreed shape, and every departure from it is told with its place."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from gateway.contract.agreement import agreement_from_document, agreement_hash
from gateway.contract.differences import differences
from gateway.domain.errors import Misconfigured
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.contract.drafts import FILE, draft, toml

ROOT = Path(__file__).parents[2]


def refused(text: str) -> Misconfigured:
    with pytest.raises(Misconfigured) as caught:
        read_agreement(text)
    assert caught.value.code == "agreement-malformed"
    return caught.value


def test_a_file_is_read_into_the_agreement_that_it_says() -> None:
    assert read_agreement(toml(draft())) == agreement_from_document(FILE)


def test_comments_and_the_order_of_keys_do_not_count_rfc_8785() -> None:
    turned = draft()
    turned["agreement"] = dict(reversed(turned["agreement"].items()))
    turned["interaction"] = [dict(reversed(each.items())) for each in turned["interaction"]]
    text = "# a comment\n" + toml(turned)
    assert text != toml(draft())
    assert agreement_hash(read_agreement(text)) == agreement_hash(read_agreement(toml(draft())))


def test_what_is_no_toml_is_refused_with_its_line() -> None:
    assert "line 2" in refused("[agreement]\nid = x\n").text


@pytest.mark.parametrize(
    ("terms", "path"),
    [
        ({"model": "post"}, "/interaction/0/model"),
        ({"services": []}, "/interaction/0/services"),
        ({"services": ["krk", "krk"]}, "/interaction/0/services"),
        ({"services": ["KRK"]}, "/interaction/0/services/0"),
        ({"transport": "smtp"}, "/interaction/0/transport"),
        ({"transport": "soap-1.1"}, "/interaction/0/security"),
        ({"request": "contoh/opinion/request"}, "/interaction/0/request"),
        ({"answer_within": "0 hari kerja"}, "/interaction/0/answer_within"),
        ({"call_timeout": "0s"}, "/interaction/0/call_timeout"),
        ({"max_size": "5MB"}, "/interaction/0/max_size"),
        ({"rate": "0/s"}, "/interaction/0/rate"),
        ({"keep_for": "0 years"}, "/interaction/0/keep_for"),
        ({"repeat": "always"}, "/interaction/0/repeat"),
        ({"confidential": "no"}, "/interaction/0/confidential"),
        ({"personal_data": {"purpose": "x"}}, "/interaction/0/personal_data/fields"),
        ({"retry": {"first": "5s", "factor": 2, "max": "10m", "attempts": 0}}, "/interaction/0/retry/attempts"),
        ({"url": "https://contoh.example"}, "/interaction/0/url"),
        ({"rate": time(7, 32)}, "/interaction/0/rate"),
        ({"rate": 10**30}, "/interaction/0/rate"),
    ],
)
def test_a_term_beyond_the_shape_is_refused_at_its_place(terms: dict[str, Any], path: str) -> None:
    error = refused(toml(draft(**terms)))
    assert [each.path for each in error.violations] == [path]
    assert path in error.text


@pytest.mark.parametrize(
    "term",
    [
        "model",
        "services",
        "transport",
        "security",
        "request",
        "answer",  # since it is a request
        "answer_within",
        "repeat",  # since the hub speaks first
        "call_timeout",
        "max_size",
        "keep_for",
        "minimum_requirements",
        "confidential",
        "personal_data",
    ],
)
def test_no_term_may_be_left_open_pasal_21_2(term: str) -> None:
    document = draft()
    del document["interaction"][0][term]
    assert f"/interaction/0/{term}" in [each.path for each in refused(toml(document)).violations]


@pytest.mark.parametrize(
    "term", ["prior_discussion", "confidentiality", "traffic_security", "own_audit_trail", "contacts"]
)
def test_the_duties_of_pasal_20_and_22_stand_in_every_agreement(term: str) -> None:
    document = draft()
    document["agreement"][term] = [] if term == "contacts" else ""
    if term == "contacts":
        assert [each.path for each in refused(toml(document) + "contacts = 1\n").violations]
    else:
        assert [each.path for each in refused(toml(document)).violations] == [f"/agreement/{term}"]


@pytest.mark.parametrize("said", ["2026-02-30", "2026", "soon", datetime(2026, 1, 1, 7, 0)])  # noqa: DTZ001  # TOML's local time has none
def test_a_day_is_a_day(said: str | datetime) -> None:
    document = draft()
    document["agreement"]["valid_until"] = said
    assert [each.path for each in refused(toml(document)).violations] == ["/agreement/valid_until"]


def test_a_fraction_has_no_place_in_a_signed_text() -> None:
    retry = {"first": "5s", "factor": 2.0, "max": "10m", "attempts": 8}
    assert "whole number" in refused(toml(draft(retry=retry))).text


def test_dates_may_be_written_as_text() -> None:
    document = draft()
    document["agreement"]["valid_from"] = "2026-01-01"
    assert read_agreement(toml(document)).valid_from == date(2026, 1, 1)


@pytest.mark.parametrize("name", tuple(packaged_agreements()))
def test_our_agreements_are_read_and_their_adapters_keep_to_them(name: str) -> None:
    from importlib import import_module

    agreement = read_agreement(packaged_agreements()[name])
    assert name in (agreement.id, f"{agreement.id}-{agreement.version}")
    assert agreement.contacts
    assert differences(agreement, import_module(f"adapters.{agreement.agency}").ADAPTER) == ()


def test_all_files_of_the_folder_are_found(tmp_path: Path) -> None:
    assert set(packaged_agreements()) == {path.stem for path in (ROOT / "agreements").glob("*.toml")}
    (tmp_path / "contoh-2026.toml").write_text("x", encoding="utf-8")
    (tmp_path / "README").write_text("y", encoding="utf-8")
    assert packaged_agreements(tmp_path) == {"contoh-2026": "x"}
