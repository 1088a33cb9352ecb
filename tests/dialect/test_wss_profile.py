"""The SOAP profile by itself: what is the same message, and which answers are believed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from lxml import etree

from conformance.signing import soap, wss
from gateway.dialect import wss_x509
from gateway.dialect.party import Party, Proven
from gateway.domain.errors import Unauthenticated
from gateway.trust.certificates import register
from gateway.trust.envelope import open_envelope
from tests.exchange.keys import AT, agency_identity


def party() -> Party:
    return Party(
        agency="dpupr", certificates=(register("dpupr", agency_identity("dpupr").certificate, None),), secret=str
    )


def envelope(relates_to: str | None = "urn:uuid:1", at: datetime = AT) -> bytes:
    document = etree.Element("{urn:a}Paper")
    addressing = soap.Addressing(message_id="m-1", to="x", action="urn:a#Paper", relates_to=relates_to)
    return wss.sign(soap.envelope(document, addressing), agency_identity("dpupr"), at=at)


def test_the_same_content_under_a_new_timestamp_is_the_same_message() -> None:
    first, second = (
        wss_x509.authenticate(open_envelope(envelope(at=at), max_bytes=10**6), party(), at)
        for at in (AT, AT + timedelta(seconds=60))
    )
    assert (first.content, first.message_id) == (second.content, second.message_id)
    assert first.created != second.created


@pytest.mark.parametrize("relates_to", ["urn:uuid:1", None])
def test_a_signed_answer_to_our_message_is_believed(relates_to: str | None) -> None:
    opened = open_envelope(envelope(relates_to), max_bytes=10**6)
    assert wss_x509.check_answers(opened, "urn:uuid:1", party(), AT).agency == "dpupr"


def test_a_signed_answer_to_another_message_or_an_old_one_is_not() -> None:
    opened = open_envelope(envelope("urn:uuid:2"), max_bytes=10**6)
    with pytest.raises(Unauthenticated) as raised:
        wss_x509.check_answers(opened, "urn:uuid:1", party(), AT)
    assert raised.value.code == "signature-claims"
    with pytest.raises(Unauthenticated) as raised:
        wss_x509.check_answers(opened, "urn:uuid:2", party(), AT + timedelta(hours=1))
    assert raised.value.code == "timestamp-stale"


def test_what_has_no_timestamp_is_not_fresh() -> None:
    with pytest.raises(Unauthenticated) as raised:
        wss_x509.check_proven_fresh(Proven(agency="x", actor="x", content=b"", document=None), AT)
    assert raised.value.code == "timestamp-missing"
