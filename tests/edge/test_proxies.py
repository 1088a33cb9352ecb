"""RFC 9440 and the client's address: told by trusted proxies, and by nobody else."""

from __future__ import annotations

from base64 import b64encode

import pytest

from gateway.domain.errors import Malformed, Misconfigured
from gateway.edge.proxies import AddressHeader, Proxies, proxies_of, shown_certificate, tls_extension

OURS = proxies_of("10.0.0.0/24, 192.0.2.7 2001:db8::/32", AddressHeader.X_FORWARDED_FOR)
DER = bytes(range(200))


def cert(data: bytes = DER) -> bytes:
    return b":" + b64encode(data) + b":"


@pytest.mark.parametrize(
    ("peer", "said", "address"),
    [
        ("203.0.113.5", [b"198.51.100.1"], "203.0.113.5"),  # nobody's word but a proxy's
        ("10.0.0.9", [], "10.0.0.9"),
        ("10.0.0.9", [b"198.51.100.1"], "198.51.100.1"),
        ("10.0.0.9", [b"1.1.1.1, 198.51.100.1"], "198.51.100.1"),  # what stands before it the client wrote
        ("10.0.0.9", [b"1.1.1.1", b"198.51.100.1"], "198.51.100.1"),
        ("10.0.0.9", [b"198.51.100.1, 192.0.2.7"], "198.51.100.1"),  # a proxy behind a proxy
        ("10.0.0.9", [b"10.0.0.3, 192.0.2.7"], "10.0.0.3"),  # a client among the proxies
        ("10.0.0.9", [b"198.51.100.1, nonsense"], "10.0.0.9"),
        ("10.0.0.9", [b"198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.9", [b"[2001:db9::1]:4711"], "2001:db9::1"),
        ("::ffff:10.0.0.9", [b"198.51.100.1"], "198.51.100.1"),
        ("::ffff:203.0.113.5", [b"198.51.100.1"], "203.0.113.5"),
        ("testclient", [b"198.51.100.1"], "testclient"),
    ],
)
def test_the_address_is_the_last_that_is_no_proxy(peer: str, said: list[bytes], address: str) -> None:
    assert OURS.client_address(peer, [(b"x-forwarded-for", each) for each in said]) == address


@pytest.mark.parametrize(
    ("said", "address"),
    [
        (b"for=198.51.100.1", "198.51.100.1"),
        (b'for=1.1.1.1, FOR="[2001:db9::1]:4711";proto=https', "2001:db9::1"),
        (b"proto=https;for=198.51.100.1;by=10.0.0.9", "198.51.100.1"),
        (b"for=_hidden", "10.0.0.9"),
        (b"proto=https", "10.0.0.9"),
    ],
)
def test_forwarded_is_read_where_it_is_the_proxys_header(said: bytes, address: str) -> None:
    proxies = proxies_of("10.0.0.0/24", AddressHeader.FORWARDED)
    assert proxies.client_address("10.0.0.9", [(b"forwarded", said)]) == address


def test_the_header_that_the_proxy_does_not_set_has_no_say() -> None:
    headers = [(b"forwarded", b"for=1.1.1.1"), (b"x-forwarded-for", b"198.51.100.1")]
    assert OURS.client_address("10.0.0.9", headers) == "198.51.100.1"


def test_a_trusted_proxy_shows_the_certificate_and_its_chain() -> None:
    headers = [(b"client-cert", cert()), (b"client-cert-chain", cert(b"\x01") + b", " + cert(b"\x02"))]
    assert OURS.client_certificates("10.0.0.9", headers) == (DER, b"\x01", b"\x02")
    assert OURS.client_certificates("10.0.0.9", [(b"host", b"x")]) is None


@pytest.mark.parametrize("name", [b"client-cert", b"client-cert-chain"])
def test_anybody_elses_certificate_header_is_refused(name: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        OURS.client_certificates("203.0.113.5", [(name, cert())])
    assert caught.value.code == "client-cert-untrusted"


@pytest.mark.parametrize(
    "headers",
    [
        [(b"client-cert", b"")],
        [(b"client-cert", b64encode(DER))],
        [(b"client-cert", b":" + b64encode(DER))],
        [(b"client-cert", b":no base64:")],
        [(b"client-cert", b":AAA:")],
        [(b"client-cert", b"::")],
        [(b"client-cert", cert(bytes(17 * 1024)))],
        [(b"client-cert", cert()), (b"client-cert", cert())],
        [(b"client-cert", cert() + b", " + cert())],
        [(b"client-cert-chain", cert())],
        [(b"client-cert", cert()), (b"client-cert-chain", b", ".join([cert()] * 9))],
        [(b"client-cert", b"-----BEGIN CERTIFICATE-----")],
    ],
)
def test_a_trusted_proxy_that_shows_it_in_another_form_is_told(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Malformed) as caught:
        OURS.client_certificates("10.0.0.9", headers)
    assert caught.value.code == "client-cert-malformed"


def test_networks_that_are_none_are_said_to_be() -> None:
    with pytest.raises(Misconfigured, match=r"10\.0\.0\.1/24 has host bits set") as caught:
        proxies_of("10.0.0.1/24", AddressHeader.X_FORWARDED_FOR)
    assert caught.value.code == "proxies-malformed"
    assert proxies_of("", AddressHeader.X_FORWARDED_FOR) == Proxies()


def test_the_scope_carries_certificates_as_asgi_has_it() -> None:
    assert shown_certificate({"extensions": {"tls": tls_extension([DER, b"\x01"])}}) == DER
    assert shown_certificate({"extensions": {"tls": tls_extension([])}}) is None
    assert shown_certificate({"extensions": None}) is None
    assert shown_certificate({}) is None
