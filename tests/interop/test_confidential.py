"""The same clients under an agreement that calls everything confidential: they encrypt, and decrypt what they get."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import pytest

from tests.interop.between import Half
from tests.interop.clients import REST_CLIENTS, SOAP_CLIENTS, Client, Ran
from tests.interop.hub import InteropStage
from tests.interop.matrix import note
from tests.interop.test_soap import VERSIONS, recommend, refused

SOAP = [client for client in SOAP_CLIENTS if client.encrypts]
REST = [client for client in REST_CLIENTS if client.encrypts]
AGREEMENT = "dpupr-2026/1.1"
OFFICIAL = b"Ir. Contoh"
_VALUES = re.compile(rb"CipherValue>([^<]*)<")
_JWE_CIPHERTEXT = 3

soap_clients = pytest.mark.parametrize("client", SOAP, ids=lambda client: client.folder)
rest_clients = pytest.mark.parametrize("client", REST, ids=lambda client: f"{client.folder}-rest")
versions = pytest.mark.parametrize("version", VERSIONS)


def flipped(text: bytes) -> bytes:
    """Base64 of the same bytes with the last bit but one turned round."""
    data = bytearray(base64.b64decode(text))
    data[-1] ^= 2
    return base64.b64encode(data)


def content_changed(half: Half) -> Half:
    """One bit of the encrypted content, the longer CipherValue, is another."""
    content = max(_VALUES.findall(half.body), key=len)
    assert content
    return replace(half, body=half.body.replace(content, flipped(content)))


def jwe_changed(half: Half) -> Half:
    """One bit of the JWE's ciphertext is another."""
    parts = half.body.split(b".")
    sealed = bytearray(base64.urlsafe_b64decode(parts[_JWE_CIPHERTEXT] + b"=="))
    sealed[0] ^= 2
    parts[_JWE_CIPHERTEXT] = base64.urlsafe_b64encode(sealed).rstrip(b"=")
    return replace(half, body=b".".join(parts))


@soap_clients
@versions
def test_a_recommendation_in_confidence_is_taken_and_its_acknowledgement_decrypted(
    confidential_hub: InteropStage, client: Client, version: str
) -> None:
    hub = confidential_hub
    delivery = hub.requested()
    ran = recommend(hub, client, version, delivery)
    assert (ran.code, ran.err) == (0, "")
    assert hub.recommended(delivery)
    assert "acknowledged (diterima): urn:uuid:" in ran.out
    passed = hub.between.passed[-1]
    assert OFFICIAL not in passed.request.body
    for half in (passed.request, passed.answer):
        assert b"EncryptedData" in half.body
        assert b"aes256-gcm" in half.body
    assert b"receivedAt" not in passed.answer.body
    note(client, f"SOAP {version}", "encrypted")


@soap_clients
@versions
def test_a_refusal_in_confidence_is_decrypted_and_told(
    confidential_hub: InteropStage, client: Client, version: str
) -> None:
    hub = confidential_hub
    delivery = hub.requested()
    with hub.unchanged():
        said = refused(recommend(hub, client, version, delivery, number="6" * 65))
    assert "schema-violation" in said
    assert b"schema-violation" not in hub.between.passed[-1].answer.body


@soap_clients
def test_what_is_changed_in_an_encrypted_body_is_found_by_both_sides(
    confidential_hub: InteropStage, client: Client
) -> None:
    hub = confidential_hub
    delivery = hub.requested()
    with hub.unchanged(), hub.between.changing(request=content_changed):
        said = refused(recommend(hub, client, "1.2", delivery))
    assert "decryption-failed" in said
    with hub.between.changing(answer=content_changed):
        refused(recommend(hub, client, "1.2", delivery))


def ask(client: Client, hub: InteropStage, number: str) -> Ran:
    return client.run(client.rest["validity"], hub.dpupr, number, AGREEMENT)


@rest_clients
def test_a_question_in_confidence_is_answered_and_the_answer_decrypted(
    confidential_hub: InteropStage, client: Client
) -> None:
    hub = confidential_hub
    ran = ask(client, hub, hub.permit)
    assert (ran.code, ran.err) == (0, "")
    assert "in-force" in ran.out
    passed = hub.between.passed[-1]
    for half in (passed.request, passed.answer):
        assert half.headers["content-type"] == "application/jose"
        assert half.body.count(b".") == 4
    said = refused(ask(client, hub, "009/KRK/III/2026"))
    assert "not-found" in said
    assert b"not-found" not in hub.between.passed[-1].answer.body
    note(client, "REST", "encrypted")


@rest_clients
def test_what_is_changed_in_a_jwe_is_found_by_both_sides(confidential_hub: InteropStage, client: Client) -> None:
    hub = confidential_hub
    with hub.unchanged(), hub.between.changing(request=jwe_changed):
        said = refused(ask(client, hub, hub.permit))
    assert "decryption-failed" in said
    with hub.between.changing(answer=jwe_changed):
        refused(ask(client, hub, hub.permit))
