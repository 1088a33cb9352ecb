"""BSrE: what is sent of an official and a document, and what an answer means for the request that is under way."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.bsre import ADAPTER
from gateway.contract.adapter import Accept, AskPerson, Query, Retry
from gateway.contract.message import Payload
from gateway.domain.case import PermitCase, Stage
from gateway.domain.events import (
    CheckSigner,
    DocumentSigned,
    NumberActivated,
    SecondFactor,
    SignatureRequested,
    SignDocument,
)
from gateway.domain.identifiers import NIK

DEWI = NIK("9999014101800001")
SHA256 = "a" * 64
ASK = SignDocument(challenge="ch-1", document_sha256=SHA256, signer_nik=DEWI, factor=SecondFactor.PASSPHRASE)
FILE = b"%PDF-1.7 signed"


@pytest.fixture
def signing(case: PermitCase) -> PermitCase:
    """Give a case whose signature is under way."""
    asked = SignatureRequested(
        signer="Dewi Contoh",
        signer_nip="198001012005012001",
        delegation="d-1",
        document_sha256=SHA256,
        challenge="ch-1",
        expires_at=datetime(2026, 3, 2, 3, 0, tzinfo=UTC),
        signer_title="Kepala Dinas",
        check_url="https://hub.example/periksa/017",
    )
    return replace(
        case,
        stage=Stage.SIGNING,
        reserved_number="017/PBG/III/2026",
        document_sha256=SHA256,
        signature_asked=asked,
    )


def query(name: str) -> Query:  # type: ignore[type-arg]  # of either Ask
    declared = ADAPTER.interaction(name)
    assert isinstance(declared, Query)
    return declared


@pytest.mark.parametrize("factor", SecondFactor)
def test_the_document_goes_out_with_places_for_file_and_secret(
    signing: PermitCase, factor: SecondFactor, violations: Callable[[str, Payload], list[str]]
) -> None:
    sign = query("sign-pdf")
    payload = sign.to_agency(signing, replace(ASK, factor=factor), "m-1")
    assert payload == {
        "nik": "9999014101800001",
        factor.value: "{{held:ch-1}}",
        "signatureProperties": [
            {
                "tampilan": "INVISIBLE",
                "reason": f"Pengesahan {signing.service_name} 017/PBG/III/2026",
                "location": "Kota Mojokerto",
            }
        ],
        "file": [f"{{{{document:{SHA256}}}}}"],
    }
    assert {factor.value} <= set(sign.redact)
    assert violations(sign.request, payload) == []
    status = query("user-status")
    asked = status.to_agency(signing, CheckSigner(challenge="ch-1", signer_nik=DEWI), "m-2")
    assert (asked, violations(status.request, asked)) == ({"nik": "9999014101800001"}, [])


def test_a_signed_file_signs_in_the_name_that_was_recorded(signing: PermitCase) -> None:
    heard = query("sign-pdf").to_case(signing, ASK, {"file": [base64.b64encode(FILE).decode()]})
    assert isinstance(heard, Accept)
    (effect,) = heard.effects
    signed, active = effect.events
    assert isinstance(signed, DocumentSigned)
    assert (signed.signer, signed.delegation, signed.challenge) == ("Dewi Contoh", "d-1", "ch-1")
    assert signed.signer_title == "Kepala Dinas"
    assert active == NumberActivated(number="017/PBG/III/2026", check_url="https://hub.example/periksa/017")
    (file,) = effect.signed
    assert (file.of, file.body) == (SHA256, FILE)
    assert "PDF" not in repr(file)


def test_a_file_for_a_request_that_stands_no_longer_is_for_a_person(signing: PermitCase) -> None:
    reply: Payload = {"file": [base64.b64encode(FILE).decode()]}
    for case in (replace(signing, signature_asked=None), signing):
        heard = query("sign-pdf").to_case(case, replace(ASK, challenge="ch-0"), reply)
        assert isinstance(heard, AskPerson)
        assert "tidak berlaku lagi" in heard.text


@pytest.mark.parametrize("reply", [{"status": 500}, {"status": "502"}, {"status_code": 503, "error": "sibuk"}])
@pytest.mark.parametrize("name", ["user-status", "sign-pdf"])
def test_a_trouble_of_its_own_is_tried_again(signing: PermitCase, name: str, reply: Payload) -> None:
    ask = ASK if name == "sign-pdf" else CheckSigner(challenge="ch-1", signer_nik=DEWI)
    assert isinstance(query(name).to_case(signing, ask, reply), Retry)
