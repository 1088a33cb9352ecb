"""A look at an endpoint names the step that fails: real sockets, real TLS."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from gateway.transport.probe import Prober, reached_at
from gateway.transport.sight import Sight, Stage, Verdict
from tests.transport.agencies import PATIENCE_S, SHORT_S, Agency, received, until_over
from tests.transport.authorities import DAY, Authority, authority

Starts = Callable[..., Agency]


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("probe-ca"))


def now() -> datetime:
    return datetime.now(UTC)


def answer(status: str = "405 Method Not Allowed", date: datetime | None = None) -> bytes:
    said = f"Date: {format_datetime(date or now(), usegmt=True)}\r\n"
    return f"HTTP/1.1 {status}\r\n{said}Content-Length: 0\r\n\r\n".encode()


def saying(reply: bytes) -> Callable[[Agency, socket.socket], None]:
    def behave(agency: Agency, conn: socket.socket) -> None:
        agency.requests.append(received(conn))
        conn.sendall(reply)

    return behave


def look(url: str, ca: Authority | None = None, limit_s: float = 5.0) -> dict[Stage, Sight]:
    begun = time.monotonic()
    prober = Prober(monotonic=time.monotonic, now=now, ca_file=ca.file if ca else None, limit_s=limit_s)
    sights = prober.look(url)
    assert time.monotonic() - begun < limit_s + PATIENCE_S
    assert [each.stage for each in sights] == sorted((each.stage for each in sights), key=list(Stage).index)
    return {each.stage: each for each in sights}


def verdicts(sights: dict[Stage, Sight]) -> list[str]:
    return [each.verdict.value for each in sights.values()]


def test_a_good_endpoint_passes_every_step_with_what_was_found(agency: Starts, ca: Authority) -> None:
    there = agency(saying(answer()), tls=ca.server("good"))
    seen = look(there.url, ca)
    assert verdicts(seen) == ["ok"] * 5
    assert seen[Stage.DNS].found.startswith("127.0.0.1 in ")
    assert seen[Stage.TCP].found == f"127.0.0.1:{there.port} takes connections"
    assert "TLSv1.3" in seen[Stage.TLS].found
    assert "CN=Server good for 127.0.0.1, issued by CN=CA Contoh" in seen[Stage.TLS].found
    assert "89 days left" in seen[Stage.TLS].found
    assert seen[Stage.HTTP].found == "405 Method Not Allowed"
    assert there.requests[0].startswith(b"HEAD /receive HTTP/1.1\r\n")


def test_a_name_that_does_not_resolve_is_dns(agency: Starts) -> None:
    seen = look("https://tidak-ada.invalid/x")
    assert verdicts(seen) == ["FAIL"]
    assert "tidak-ada.invalid" in seen[Stage.DNS].found
    assert "simojo agency endpoint" in seen[Stage.DNS].advice


def test_a_port_where_nobody_listens_is_tcp() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    seen = look(f"http://127.0.0.1:{port}/")
    assert verdicts(seen) == ["ok", "FAIL"]
    assert f"127.0.0.1 port {port}: Connection refused" in seen[Stage.TCP].found


def test_plain_http_on_the_tls_port_is_tls(agency: Starts, ca: Authority) -> None:
    def plain(_: Agency, conn: socket.socket) -> None:
        conn.recv(65536)
        conn.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    there = agency(plain)
    seen = look(there.url.replace("http:", "https:"), ca)
    assert verdicts(seen) == ["ok", "ok", "FAIL"]
    assert "is no TLS" in seen[Stage.TLS].found
    assert "plain HTTP" in seen[Stage.TLS].found


@pytest.mark.parametrize(
    ("label", "names", "from_days", "to_days", "found", "advice"),
    [
        ("expired", ("127.0.0.1",), -90, -2, "certificate has expired", "renews"),
        ("early", ("127.0.0.1",), 2, 90, "certificate is not yet valid", "clock"),
        ("other", ("lain.example",), -1, 90, "IP address mismatch", "names 127.0.0.1 (subjectAltName)"),
    ],
)
def test_a_certificate_that_is_not_right_is_tls_with_what_it_says(
    agency: Starts,
    ca: Authority,
    label: str,
    names: tuple[str, ...],
    from_days: int,
    to_days: int,
    found: str,
    advice: str,
) -> None:
    context = ca.server(label, names, start=now() + from_days * DAY, end=now() + to_days * DAY)
    seen = look(agency(saying(answer()), tls=context).url, ca)
    assert verdicts(seen) == ["ok", "ok", "FAIL"]
    assert found in seen[Stage.TLS].found
    assert f"CN=Server {label} for {names[0]}" in seen[Stage.TLS].found
    assert advice in seen[Stage.TLS].advice


def test_an_authority_that_is_not_trusted_is_tls(
    agency: Starts, ca: Authority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = authority(tmp_path_factory.mktemp("other-ca"))
    there = agency(saying(answer()), tls=other.server("stranger"))
    seen = look(there.url, ca)
    assert verdicts(seen) == ["ok", "ok", "FAIL"]
    assert "CN=Server stranger" in seen[Stage.TLS].found
    assert "CA file" in seen[Stage.TLS].advice
    assert verdicts(look(there.url, other)) == ["ok"] * 5


def test_a_certificate_near_its_end_is_a_warning(agency: Starts, ca: Authority) -> None:
    there = agency(saying(answer()), tls=ca.server("soon", end=now() + 10 * DAY))
    seen = look(there.url, ca)
    assert verdicts(seen) == ["ok", "ok", "warn", "ok", "ok"]
    assert "renews" in seen[Stage.TLS].advice


def test_a_server_that_asks_for_a_client_certificate_is_told(agency: Starts, ca: Authority) -> None:
    context = ca.server("mtls")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca.file)
    seen = look(agency(saying(answer()), tls=context).url, ca)
    last = list(seen.values())[-1]
    assert last.verdict is Verdict.FAIL
    assert "mTLS" in last.advice
    shown = Prober(
        monotonic=time.monotonic,
        now=now,
        ca_file=ca.file,
        certificate_file=ca.folder / "mtls.pem",
        key_file=ca.folder / "mtls.key.pem",
    )
    assert [each.verdict.value for each in shown.look(agency(saying(answer()), tls=context).url)] == ["ok"] * 5


def test_a_server_that_breaks_off_the_handshake_is_tls(agency: Starts, ca: Authority) -> None:
    seen = look(agency(lambda _, conn: conn.close()).url.replace("http:", "https:"), ca)
    assert verdicts(seen) == ["ok", "ok", "FAIL"]


@pytest.mark.parametrize("secure", [True, False])
def test_a_server_that_never_answers_is_http_within_the_deadline(
    agency: Starts,
    ca: Authority,
    secure: bool,
) -> None:
    there = agency(until_over, tls=ca.server("slow") if secure else None)
    seen = look(there.url, ca, limit_s=3 * SHORT_S)
    assert list(seen.values())[-1].stage is Stage.HTTP
    assert "no complete answer within" in seen[Stage.HTTP].found


def test_a_server_that_never_shakes_hands_is_tls_within_the_deadline(agency: Starts, ca: Authority) -> None:
    seen = look(agency(until_over).url.replace("http:", "https:"), ca, limit_s=SHORT_S)
    assert verdicts(seen) == ["ok", "ok", "FAIL"]
    assert "time ran out" in seen[Stage.TLS].found


def test_a_server_that_drips_is_cut_at_the_deadline(agency: Starts) -> None:
    def drip(self: Agency, conn: socket.socket) -> None:
        received(conn)
        while not self.over.wait(SHORT_S / 10):
            conn.sendall(b"X")

    seen = look(agency(drip).url, limit_s=2 * SHORT_S)
    assert "no complete answer within" in seen[Stage.HTTP].found


def test_a_server_that_closes_is_http(agency: Starts) -> None:
    def close(_: Agency, conn: socket.socket) -> None:
        received(conn)

    seen = look(agency(close).url)
    assert seen[Stage.HTTP].verdict is Verdict.FAIL
    assert "closed without an answer" in seen[Stage.HTTP].found


@pytest.mark.parametrize("reply", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"\x00" * 20_000, b"HTTP/9.9 xxx\r\n\r\n"])
def test_nonsense_is_http(agency: Starts, reply: bytes) -> None:
    seen = look(agency(saying(reply)).url)
    assert verdicts(seen) == ["ok", "ok", "FAIL"]
    assert "no HTTP" in seen[Stage.HTTP].found


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("200 OK", "ok"),
        ("404 Not Found", "warn"),
        ("405 X", "ok"),
        ("401 Unauthorized", "ok"),
        ("301 Moved", "warn"),
        ("503 X", "warn"),
    ],
)
def test_a_status_is_judged_by_whether_the_service_answers(agency: Starts, status: str, verdict: str) -> None:
    assert look(agency(saying(answer(status))).url)[Stage.HTTP].verdict.value == verdict


def test_a_path_where_nothing_listens_is_told_with_what_to_do(agency: Starts) -> None:
    sight = look(agency(saying(answer("404 Not Found"))).url)[Stage.HTTP]
    assert sight.found == "404 Not Found: nothing listens at this path"
    assert "whole path" in sight.advice


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:999999/", "http://[::1/", "http://127.0.0.1:0/", "ftp://a", "http://a:b/"]
)
def test_a_url_that_cannot_be_looked_at_is_a_failed_step(url: str) -> None:
    (sight,) = look(url).values()
    assert (sight.stage, sight.verdict) == (Stage.DNS, Verdict.FAIL)
    assert repr(url) in sight.found
    assert "simojo agency endpoint" in sight.advice


def test_the_hubs_own_address_is_told_and_not_called(agency: Starts) -> None:
    there, other = agency(saying(answer())), agency(saying(answer()))
    own = frozenset({reached_at(there.url)})
    prober = Prober(monotonic=time.monotonic, now=now, own=own)
    name = there.url.replace("127.0.0.1", "localhost")  # by another name for the same address
    for url in (there.url, name):
        *_, last = prober.look(url)
        assert (last.stage, last.verdict) == (Stage.HTTP, Verdict.FAIL)
        assert "the hub's own address" in last.found
    assert there.connections == 0
    assert {each.verdict for each in prober.look(other.url)} == {Verdict.OK}


@pytest.mark.parametrize(
    ("off", "verdict", "words"),
    [
        (timedelta(seconds=20), "ok", r"\+[12]\d s"),
        (timedelta(hours=7), "FAIL", "WIB labelled as UTC"),
        (timedelta(hours=-1), "FAIL", r"-3[56]\d\d s"),
    ],
)
def test_a_clock_is_held_beside_ours(agency: Starts, off: timedelta, verdict: str, words: str) -> None:
    seen = look(agency(saying(answer(date=now() + off))).url)
    assert seen[Stage.CLOCK].verdict.value == verdict
    assert re.search(words, seen[Stage.CLOCK].found)


@pytest.mark.parametrize("reply", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nDate: kemarin\r\n\r\n"])
def test_a_clock_that_cannot_be_seen_is_a_warning(agency: Starts, reply: bytes) -> None:
    assert look(agency(saying(reply)).url)[Stage.CLOCK].verdict is Verdict.WARN
