"""mTLS (Pasal 20 d): the certificate shown in the handshake is the agency's own, natively and told by a proxy."""

from __future__ import annotations

import ssl
import threading
import warnings
from base64 import b64encode
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from conformance.signing.keys import Identity, self_signed
from gateway.dialect.party import Party
from gateway.domain.errors import Misconfigured, Unauthenticated
from gateway.exchange.client_certificates import ClientCertificates, check_shown
from gateway.store.plan import Plan, Update
from gateway.store.tables import CertificateRow
from gateway.transport.http import HttpClient, OutboundCall
from gateway.trust.certificates import Use, register
from tests.edge.hostile.bed import Grounds, code_of, now
from tests.edge.running import Authority, Running, running


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority.make(tmp_path_factory.mktemp("authority"))
    made.issue("hub", host="127.0.0.1")
    made.issue("dpupr-tls")
    made.issue("stranger")
    return made


def hub_with(grounds: Grounds, authority: Authority, folder: Path, **more: Any) -> AbstractContextManager[Running]:
    """A hub with TLS that asks for clients' certificates."""
    said: dict[str, Any] = {
        "tls_certificate_file": authority.folder / "hub.pem",
        "tls_key_file": authority.folder / "hub.key",
        "tls_client_ca_file": authority.file,
        "client_certificates": "required",
    }
    return running(grounds, folder, **{**said, **more})


def enrol(hub: Running, identity: Identity, uses: str = "tls") -> None:
    """Register a certificate for DPUPR, with proof of possession, for these uses alone."""
    registry, actor = hub.gateway.store.registry, "staff/siti"
    challenge = registry.challenge("dpupr", identity.certificate, "nonce-18")
    assert isinstance(identity.key, ec.EllipticCurvePrivateKey)
    proof = identity.key.sign(challenge, ec.ECDSA(hashes.SHA256()))
    registry.register_certificate("dpupr", identity.certificate, challenge, proof, actor)
    change(hub, identity, uses=uses)


def change(hub: Running, identity: Identity, **values: Any) -> None:
    fingerprint = identity.certificate.fingerprint(hashes.SHA256()).hex()
    row = next(each for each in hub.gateway.store.reader.certificates("dpupr") if each.fingerprint == fingerprint)
    before = {name: getattr(row, name) for name in values}
    key = {"agency": "dpupr", "fingerprint": fingerprint}
    hub.gateway.store.unit_of_work.commit(Plan.of(Update(CertificateRow, key, before, values)))


def identity_of(authority: Authority, name: str) -> Identity:
    key = load_pem_private_key((authority.folder / f"{name}.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Identity(key, load_pem_x509_certificate((authority.folder / f"{name}.pem").read_bytes()))


def code(answer: httpx2.Response) -> str:
    return code_of(answer.content, answer.headers["content-type"])


# --- native -------------------------------------------------------------------------------------------------------


def test_the_agencys_own_certificate_is_let_in_and_no_other(
    grounds: Grounds, authority: Authority, tmp_path: Path
) -> None:
    with hub_with(grounds, authority, tmp_path) as hub:
        enrol(hub, identity_of(authority, "dpupr-tls"))
        assert code(hub.ask("1", authority.client("dpupr-tls"))) == "not-found"
        for shown, said in ((None, "client-certificate-missing"), ("stranger", "client-certificate-unknown")):
            answer = hub.ask("1", authority.client(shown))
            assert (answer.status_code, code(answer)) == (401, said)
        assert hub.refusals() == {"client-certificate-missing": 1, "client-certificate-unknown": 1}
        assert len(hub.gateway.store.reader.exchanges(agency="dpupr")) == 1


def test_health_and_pages_work_without_a_certificate(grounds: Grounds, authority: Authority, tmp_path: Path) -> None:
    with hub_with(grounds, authority, tmp_path) as hub, httpx2.Client(verify=authority.client()) as client:
        for path in ("/health/live", "/health/ready", "/rest/dpupr/openapi.json"):
            assert client.get(f"{hub.url}{path}").status_code == 200


def test_a_registered_certificate_that_does_not_count_any_more_is_refused(
    grounds: Grounds, authority: Authority, tmp_path: Path
) -> None:
    """It is looked at for every message, also on a connection that stands."""
    with hub_with(grounds, authority, tmp_path) as hub:
        shown = identity_of(authority, "dpupr-tls")
        enrol(hub, shown)
        change(hub, shown, uses="sign")
        assert code(hub.ask("1", authority.client("dpupr-tls"))) == "client-certificate-not-for-tls"
        change(hub, shown, uses="sign tls")
        assert code(hub.ask("1", authority.client("dpupr-tls"))) == "not-found"
        change(hub, shown, revoked_at=now() - timedelta(seconds=1))
        answer = hub.ask("2", authority.client("dpupr-tls"))
        assert (answer.status_code, code(answer)) == (401, "client-certificate-revoked")


def test_who_may_offer_a_certificate_need_not_and_a_wrong_one_is_refused(
    grounds: Grounds, authority: Authority, tmp_path: Path
) -> None:
    with hub_with(grounds, authority, tmp_path, client_certificates="offered") as hub:
        assert code(hub.ask("1", authority.client())) == "not-found"
        assert code(hub.ask("2", authority.client("stranger"))) == "client-certificate-unknown"


def test_where_certificates_are_off_a_strangers_changes_nothing(
    grounds: Grounds, authority: Authority, tmp_path: Path
) -> None:
    with hub_with(grounds, authority, tmp_path, client_certificates="off") as hub:
        assert code(hub.ask("1", authority.client("stranger"))) == "not-found"


def test_a_certificate_of_another_authority_ends_the_handshake(
    grounds: Grounds, authority: Authority, tmp_path: Path
) -> None:
    other = Authority.make(tmp_path / "other")
    other.issue("dpupr-tls")
    context = authority.client()
    context.load_cert_chain(other.folder / "dpupr-tls.pem", other.folder / "dpupr-tls.key")
    with hub_with(grounds, authority, tmp_path / "hub") as hub:
        with pytest.raises(httpx2.TransportError):
            hub.ask("1", context)
        assert code(hub.ask("1", authority.client())) == "client-certificate-missing"  # others are served


def test_an_agencys_self_signed_certificate_may_stand_in_the_file_itself(
    grounds: Grounds, authority: Authority, tmp_path: Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    own = Identity(key, self_signed(key, "dpupr", serial=9, at=now()))
    (tmp_path / "own.pem").write_bytes(own.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "own.key").write_bytes(own.key_pem)
    context = authority.client()
    context.load_cert_chain(tmp_path / "own.pem", tmp_path / "own.key")
    with hub_with(grounds, authority, tmp_path / "hub", tls_client_ca_file=tmp_path / "own.pem") as hub:
        enrol(hub, own)
        assert code(hub.ask("1", context)) == "not-found"


def test_tls_older_than_1_2_is_refused(grounds: Grounds, authority: Authority, tmp_path: Path) -> None:
    """Pasal 4(4)b as the office reads it: TLS 1.2 or newer."""
    with hub_with(grounds, authority, tmp_path, client_certificates="off") as hub:
        for version, works in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_1, False)):
            context = authority.client()
            context.set_ciphers("DEFAULT:@SECLEVEL=0")  # so that the client would be willing
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # Python calls the old version by its name
                context.minimum_version = context.maximum_version = version
            if works:
                assert code(hub.ask("1", context)) == "not-found"
            else:
                with pytest.raises(httpx2.TransportError, match=r"(?i)alert|version|protocol"):
                    hub.ask("1", context)


# --- behind a proxy -----------------------------------------------------------------------------------------------


def field(identity: Identity) -> str:
    return f":{b64encode(identity.certificate.public_bytes(Encoding.DER)).decode()}:"


def test_a_trusted_proxy_shows_the_clients_certificate(grounds: Grounds, authority: Authority, tmp_path: Path) -> None:
    with running(grounds, tmp_path, client_certificates="required", trusted_proxies="127.0.0.0/8") as hub:
        enrol(hub, identity_of(authority, "dpupr-tls"))
        good, stranger = (field(identity_of(authority, name)) for name in ("dpupr-tls", "stranger"))
        assert code(hub.ask("1", Client_Cert=good)) == "not-found"
        assert (
            code(
                hub.ask("2", Client_Cert=good, Client_Cert_Chain=field(Identity(authority.key, authority.certificate)))
            )
            == "not-found"
        )
        assert code(hub.ask("3", Client_Cert=stranger)) == "client-certificate-unknown"
        assert code(hub.ask("4", Client_Cert=":AAAA:")) == "client-certificate-unknown"
        assert code(hub.ask("5")) == "client-certificate-missing"
        answer = hub.ask("6", Client_Cert=good.strip(":"))
        assert (answer.status_code, code(answer)) == (400, "client-cert-malformed")


def test_nobody_else_shows_certificates_in_a_header(grounds: Grounds, authority: Authority, tmp_path: Path) -> None:
    """A spoof is seen, whatever the policy: the registered certificate is public."""
    good = field(identity_of(authority, "dpupr-tls"))
    for number, policy in enumerate(("required", "offered", "off")):
        with running(grounds, tmp_path / policy, client_certificates=policy, trusted_proxies="10.0.0.1") as hub:
            enrol(hub, identity_of(authority, "dpupr-tls"))
            answer = hub.ask(str(number), Client_Cert=good)
            assert (answer.status_code, code(answer)) == (400, "client-cert-untrusted")


def test_a_proxys_own_certificate_is_not_its_clients(grounds: Grounds, authority: Authority, tmp_path: Path) -> None:
    """With TLS between proxy and hub the proxy shows one of its own."""
    with hub_with(grounds, authority, tmp_path, trusted_proxies="127.0.0.1") as hub:
        enrol(hub, identity_of(authority, "dpupr-tls"))
        context = authority.client("dpupr-tls")
        assert code(hub.ask("1", context)) == "client-certificate-missing"
        assert code(hub.ask("1", context, Client_Cert=field(identity_of(authority, "dpupr-tls")))) == "not-found"


# --- the check itself ---------------------------------------------------------------------------------------------


def party(*registered: Any) -> Party:
    return Party(agency="dpupr", certificates=registered, secret=lambda _name: "")


def test_a_certificate_is_held_to_the_moment(authority: Authority) -> None:
    shown = identity_of(authority, "dpupr-tls")
    der = shown.certificate.public_bytes(Encoding.DER)
    known = party(register("dpupr", shown.certificate, uses=frozenset({Use.TLS})))
    check_shown(ClientCertificates.REQUIRED, der, known, now())
    for at, said in (
        (now() - timedelta(days=1), "client-certificate-not-yet-valid"),
        (now() + timedelta(days=60), "client-certificate-expired"),
    ):
        with pytest.raises(Unauthenticated, match="shown in TLS") as caught:
            check_shown(ClientCertificates.REQUIRED, der, known, at)
        assert caught.value.code == said


# --- outbound -----------------------------------------------------------------------------------------------------


@pytest.fixture
def agency(authority: Authority) -> Iterator[tuple[str, list[Any]]]:
    """An agency's server that asks for the hub's certificate, and whom it saw."""
    seen: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.connection.getpeercert())
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.file)
    context.load_cert_chain(authority.folder / "hub.pem", authority.folder / "hub.key")
    context.verify_mode = ssl.CERT_OPTIONAL
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}/x", seen
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.mark.parametrize("shows", [True, False])
def test_the_hub_shows_its_certificate_to_agencies_if_it_has_one(
    authority: Authority, agency: tuple[str, list[Any]], shows: bool
) -> None:
    url, seen = agency
    certificate, key = (authority.folder / "hub.pem", authority.folder / "hub.key") if shows else (None, None)
    call = OutboundCall(method="POST", url=url, headers={}, body=b"{}", timeout_s=10, max_reply_bytes=100)
    with HttpClient(clock=lambda: 0.0, ca_file=authority.file, certificate_file=certificate, key_file=key) as client:
        assert client.send(call).status == 200
    assert bool(seen[0]) is shows


def test_a_client_certificate_that_cannot_be_used_is_said_not_to_be(authority: Authority) -> None:
    with pytest.raises(Misconfigured, match="SIMOJO_TLS_CLIENT_CERTIFICATE_FILE") as caught:
        HttpClient(
            clock=lambda: 0.0,
            certificate_file=authority.folder / "hub.pem",
            key_file=authority.folder / "stranger.key",
        )
    assert caught.value.code == "tls-file-unusable"
