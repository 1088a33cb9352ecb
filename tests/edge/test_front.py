"""The front door with a whole hub behind it: every refusal in the form that its address speaks, and nothing kept."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.edge.hostile.bed import RECOMMENDATION, VALIDITY, Grounds, code_of
from tests.edge.running import Running, running

JSON = "application/json"


def send(hub: Running, path: str, content_type: str = JSON, body: bytes = b"{}", **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx2.Client(trust_env=False, verify=False) as client:
        return client.post(f"{hub.url}{path}", content=body, headers={"Content-Type": content_type, **named})


def code(answer: httpx2.Response) -> str:
    return code_of(answer.content, answer.headers["content-type"])


def test_a_proven_agency_beyond_its_agreed_rate_is_asked_to_wait_and_nothing_is_kept(
    grounds: Grounds, tmp_path: Path
) -> None:
    """DPUPR's agreement says 20/s for this interaction."""
    seconds = [1000.0]
    with running(grounds, tmp_path, seconds=lambda: seconds[0]) as hub:
        assert [hub.ask(str(number)).status_code for number in range(20)] == [404] * 20
        limited = hub.ask("20")
        assert (limited.status_code, code(limited), limited.headers["retry-after"]) == (429, "rate-limited", "1")
        assert "dpupr/permit-validity by the agreement" in limited.json()["detail"]
        assert len(hub.gateway.store.reader.exchanges(agency="dpupr")) == 20
        seconds[0] += 1.01
        assert hub.ask("20").status_code == 404  # the same message, a little later


def test_nobody_uses_up_an_agencys_rate_by_naming_it(grounds: Grounds, tmp_path: Path) -> None:
    with running(grounds, tmp_path, rate_per_address="") as hub:
        for _ in range(60):
            assert code(send(hub, VALIDITY, X_JWS_Signature="a..b")) == "signature-malformed"
        assert hub.ask().status_code == 404


@pytest.mark.parametrize(
    ("path", "content_type", "status", "shape"),
    [
        (VALIDITY, JSON, 429, code),
        (RECOMMENDATION, "application/soap+xml", 429, code),
        (RECOMMENDATION, "text/xml", 429, code),
        ("/rest/bank/v1.0/transfer-va/inquiry", JSON, 500, lambda a: a.json()["responseCode"]),
        ("/rest/nobody/anything", JSON, 429, code),
    ],
)
def test_an_address_beyond_its_rate_is_told_in_the_form_of_what_it_called(
    grounds: Grounds, tmp_path: Path, path: str, content_type: str, status: int, shape: Callable[[Any], str]
) -> None:
    with running(grounds, tmp_path, rate_per_address="1/minute") as hub:
        assert send(hub, path, content_type).status_code != status
        answer = send(hub, path, content_type)
        assert answer.headers["retry-after"]
        assert answer.headers["content-type"].partition(";")[0] in {content_type, "application/problem+json"}
        assert answer.status_code == status, answer.text
        assert shape(answer)
        for _ in range(3):
            with httpx2.Client(trust_env=False, verify=False) as client:
                assert client.get(f"{hub.url}/health/live").status_code == 200
                assert client.get(f"{hub.url}/health/ready").status_code == 200
        with httpx2.Client(trust_env=False, verify=False) as client:
            for other in ("/health/", "/health/x", "/health/live/", "/health/ready/x"):
                assert client.get(f"{hub.url}{other}").status_code == 429
        assert "rate-limited" not in hub.refusals()


def test_a_page_beyond_the_rate_is_a_problem(grounds: Grounds, tmp_path: Path) -> None:
    with running(grounds, tmp_path, rate_per_address="1/minute") as hub, httpx2.Client(verify=False) as client:
        assert client.get(f"{hub.url}/rest/dpupr/openapi.json").status_code == 200
        answer = client.get(f"{hub.url}/rest/dpupr/openapi.json")
        assert (answer.status_code, code(answer)) == (429, "rate-limited")


def test_more_bodies_than_the_memory_has_room_for_are_asked_to_come_back(grounds: Grounds, tmp_path: Path) -> None:
    with running(grounds, tmp_path, body_memory_bytes=2**20) as hub:
        large = json.dumps(["y" * 400_000]).encode()
        answer = send(hub, VALIDITY, body=large)
        assert (answer.status_code, code(answer), answer.headers["retry-after"]) == (503, "bodies-busy", "2")
        assert answer.headers["connection"] == "close"
        answer = send(hub, RECOMMENDATION, "application/soap+xml", body=large)
        assert code(answer) == "bodies-busy"
        all_given_back(hub)
        hub.gateway.limits.bodies.used = 2**20  # full of others' large bodies: a small one finds its way
        assert hub.ask().status_code == 404
        assert code(send(hub, VALIDITY, body=json.dumps(["y" * 100_000]).encode())) == "bodies-busy"
        all_given_back(hub, left=2**20)
        hub.gateway.limits.bodies.used = 0
        assert code(send(hub, VALIDITY, body=json.dumps(["y" * 100_000]).encode())) == "signature-missing"
        all_given_back(hub)
        assert not hub.gateway.limits.bodies.by_owner


def all_given_back(hub: Running, left: int = 0) -> None:
    """The memory of a body is given back after its answer left, so a moment later than the client knows."""
    ends, pause = time.monotonic() + 10, threading.Event()
    while hub.gateway.limits.bodies.used != left and time.monotonic() < ends:
        pause.wait(0.01)
    assert hub.gateway.limits.bodies.used == left


@pytest.mark.parametrize(("path", "kind"), [(VALIDITY, JSON), (RECOMMENDATION, "application/soap+xml")])
@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
def test_an_encoded_body_is_not_unpacked(grounds: Grounds, tmp_path: Path, path: str, kind: str, encoding: str) -> None:
    with running(grounds, tmp_path) as hub:
        answer = send(hub, path, kind, Content_Encoding=encoding)
        assert (answer.status_code, code(answer)) in {
            (415, "content-encoding-refused"),
            (400, "content-encoding-refused"),
        }
        assert hub.ask(Content_Encoding="identity").status_code == 404


def test_a_refusal_counts_under_the_address_that_a_trusted_proxy_tells(grounds: Grounds, tmp_path: Path) -> None:
    with running(grounds, tmp_path, trusted_proxies="127.0.0.1", rate_per_address="2/minute") as hub:
        for address in ("198.51.100.1", "198.51.100.2"):
            for _ in range(2):
                assert send(hub, VALIDITY, X_Forwarded_For=address).status_code == 401
            assert send(hub, VALIDITY, X_Forwarded_For=f"1.1.1.1, {address}").status_code == 429


def test_failures_from_one_ipv6_network_are_those_of_one_owner(grounds: Grounds, tmp_path: Path) -> None:
    with running(grounds, tmp_path, trusted_proxies="127.0.0.1") as hub:
        for host in ("1:2::1", "1:2:a:b:c:d", "1:3::1"):
            assert send(hub, VALIDITY, X_Forwarded_For=f"2001:db8:{host}").status_code == 401
        with hub.gateway.store.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT address, sum(count) FROM refusal_tally GROUP BY address")
            assert sorted(row[1] for row in rows) == [1, 2]


def test_without_trust_a_forwarded_address_changes_nothing(grounds: Grounds, tmp_path: Path) -> None:
    with running(grounds, tmp_path, rate_per_address="2/minute") as hub:
        found = [send(hub, VALIDITY, X_Forwarded_For=f"198.51.100.{n}").status_code for n in range(3)]
        assert found == [401, 401, 429]


def test_exchanges_beyond_the_places_are_refused_and_the_rest_is_served(grounds: Grounds, tmp_path: Path) -> None:
    with running(grounds, tmp_path, max_exchanges=1, busy_wait_s=0.05) as hub:
        crew = hub.gateway.limits.crew
        crew.most = 0
        answer = hub.ask("1")
        assert (answer.status_code, code(answer), answer.headers["retry-after"]) == (503, "hub-busy", "2")
        with httpx2.Client(verify=False, trust_env=False) as client:
            assert client.get(f"{hub.url}/health/ready").status_code == 200
            assert client.get(f"{hub.url}/periksa/x").status_code < 500
            assert client.get(f"{hub.url}/admin/v1/health").status_code == 401
        crew.most = 1
        assert hub.ask("1").status_code == 404
