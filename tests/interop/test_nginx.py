"""The configuration of deploy/nginx in a real nginx before a real hub: mTLS at the proxy, RFC 9440 to the hub."""

from __future__ import annotations

import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.signing.keys import Identity
from tests.edge.hostile.bed import VALIDITY, Grounds, code_of, free_port, signed_question
from tests.edge.running import Authority, Running, running
from tests.edge.test_mutual_tls import enrol, identity_of

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx" / "simojo.conf"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


@dataclass
class Proxy:
    """nginx before a hub."""

    url: str
    hub: Running
    authority: Authority

    def ask(self, number: str, shown: str | None = "dpupr-tls", **headers: str) -> httpx2.Response:
        """A genuine question of DPUPR's, through the proxy, with that client certificate."""
        said = signed_question(self.hub.grounds, number)
        said["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
        with httpx2.Client(trust_env=False, verify=self.authority.client(shown)) as client:
            return client.post(f"{self.url}{VALIDITY}", **said)


@contextmanager
def nginx(folder: Path, authority: Authority, hub: Running) -> Iterator[str]:
    """Run the packaged configuration with this hub, these files and a free port."""
    port = free_port()
    said = "".join(
        (CONFIGURATION.parent / name).read_text(encoding="utf-8") for name in ("upstream.conf", "simojo.conf")
    )
    for old, new in (
        ("server 127.0.0.1:8080 ", f"server 127.0.0.1:{hub.port} "),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/simojo/tls/hub.pem", str(authority.folder / "hub.pem")),
        ("/etc/simojo/tls/hub.key", str(authority.folder / "hub.key")),
        ("/etc/simojo/tls/agencies-ca.pem", str(authority.file)),
    ):
        assert old in said, old
        said = said.replace(old, new)
    (folder / "simojo.conf").write_text(said, encoding="utf-8")
    temporary = "\n".join(
        f"    {each}_temp_path {folder / each};" for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder / 'pid'};\nerror_log {folder / 'error.log'};\nworker_processes 1;\n"
        f"events {{}}\nhttp {{\n    access_log off;\n{temporary}\n    include {folder / 'simojo.conf'};\n}}\n",
        encoding="utf-8",
    )
    command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    process = subprocess.Popen(command)
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    authority = Authority.make(tmp_path_factory.mktemp("authority"))
    authority.issue("hub", host="127.0.0.1")
    for name in ("dpupr-tls", "stranger", "large"):
        authority.issue(name, extra=3_000 if name == "large" else 0)
    grounds = Grounds.furnish(tmp_path_factory.mktemp("grounds"))
    folder = tmp_path_factory.mktemp("hub")
    with (
        running(grounds, folder, client_certificates="required", trusted_proxies="127.0.0.1") as hub,
        nginx(tmp_path_factory.mktemp("nginx"), authority, hub) as url,
    ):
        enrol(hub, identity_of(authority, "dpupr-tls"))
        made = Proxy(url, hub, authority)
        _await(made)
        yield made


def _await(proxy: Proxy) -> None:
    with httpx2.Client(
        transport=httpx2.HTTPTransport(retries=20, verify=proxy.authority.client()), trust_env=False
    ) as client:
        assert client.get(f"{proxy.url}/health/live").status_code == 200


def code(answer: httpx2.Response) -> str:
    return code_of(answer.content, answer.headers["content-type"])


def field(identity: Identity) -> str:
    return f":{b64encode(identity.certificate.public_bytes(Encoding.DER)).decode()}:"


def test_nginx_tells_the_clients_certificate_as_rfc_9440_has_it(proxy: Proxy) -> None:
    answer = proxy.ask("1")
    assert (answer.status_code, code(answer)) == (404, "not-found")  # all the way: DPUPR's signed question is answered
    assert "x-jws-signature" in answer.headers


@pytest.mark.parametrize(
    ("shown", "said"), [(None, "client-certificate-missing"), ("stranger", "client-certificate-unknown")]
)
def test_another_certificate_or_none_is_refused_by_the_hub(proxy: Proxy, shown: str | None, said: str) -> None:
    answer = proxy.ask("2", shown)
    assert (answer.status_code, code(answer)) == (401, said)


def test_a_client_cannot_speak_in_the_proxys_name(proxy: Proxy) -> None:
    """The header that a client sends is replaced by nginx; to the hub itself nobody else may send it."""
    registered = field(identity_of(proxy.authority, "dpupr-tls"))
    assert code(proxy.ask("3", None, Client_Cert=registered)) == "client-certificate-missing"
    assert code(proxy.ask("3", "stranger", Client_Cert=registered)) == "client-certificate-unknown"
    assert code(proxy.ask("4", Client_Cert=":AAAA:", Client_Cert_Chain="nonsense")) == "not-found"
    said = signed_question(proxy.hub.grounds, "5")
    said["headers"]["Client-Cert"] = registered
    transport = httpx2.HTTPTransport(local_address="127.0.0.5")
    with httpx2.Client(transport=transport, trust_env=False) as client:
        answer = client.post(f"{proxy.hub.url}{VALIDITY}", **said)
    assert (answer.status_code, code(answer)) == (400, "client-cert-untrusted")


def test_a_certificate_beyond_the_pattern_is_refused_as_missing(proxy: Proxy) -> None:
    """What simojo.conf says of certificates of more than 3072 bytes."""
    der = identity_of(proxy.authority, "large").certificate.public_bytes(Encoding.DER)
    assert len(der) > 3072
    assert code(proxy.ask("6", "large")) == "client-certificate-missing"


def test_health_and_pages_need_no_certificate(proxy: Proxy) -> None:
    with httpx2.Client(verify=proxy.authority.client(), trust_env=False) as client:
        for path in ("/health/ready", "/rest/dpupr/openapi.json"):
            assert client.get(f"{proxy.url}{path}").status_code == 200


def test_refusals_count_under_the_clients_address(proxy: Proxy) -> None:
    """And a client's own X-Forwarded-For says nothing: nginx writes another in its place."""
    before = _addresses(proxy)
    for source, told in (("127.0.0.6", ""), ("127.0.0.6", "198.51.100.1"), ("127.0.0.7", "198.51.100.1")):
        transport = httpx2.HTTPTransport(local_address=source, verify=proxy.authority.client())
        headers = {"Content-Type": "application/json", **({"X-Forwarded-For": told} if told else {})}
        with httpx2.Client(transport=transport, trust_env=False) as client:
            assert client.post(f"{proxy.url}{VALIDITY}", content=b"{}", headers=headers).status_code == 401
    assert len(_addresses(proxy) - before) == 2


def _addresses(proxy: Proxy) -> set[str]:
    """The pseudonyms of those who were refused."""
    with proxy.hub.gateway.store.engine.connect() as connection:
        return {row[0] for row in connection.exec_driver_sql("SELECT address FROM refusal_tally")}
