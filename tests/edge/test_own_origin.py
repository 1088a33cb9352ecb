"""Whoever is signed in does nothing at the console that another site made their browser send (CSRF)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from gateway.edge.console.origin import SAFE, OwnOrigin, origin_of
from gateway.edge.console.refusals import DETAILS
from gateway.edge.console.routes import console_router
from gateway.edge.parts import COOKIE, SECURE_COOKIE
from tests.edge.visitors import Visitor
from tests.office.house import House

EVIL = "http://evil.example"
HTML = {"Accept": "text/html"}


@pytest.fixture
def inside(visitor: Visitor) -> Visitor:
    visitor.client.cookies.set(COOKIE, "token-of-agus")
    return visitor


def deeds(api: FastAPI, prefix: str) -> Iterator[tuple[str, str]]:
    """Every route that may change something, as the application has them: one that is new is among them."""
    for route in api.router.routes:
        if isinstance(route, APIRoute) and route.path.startswith(prefix):
            yield from (
                (method, route.path.replace("{", "").replace("}", "")) for method in (route.methods or set()) - SAFE
            )


def test_every_deed_of_the_console_is_refused_to_other_sites_with_a_page(house: House, inside: Visitor) -> None:
    found = list(deeds(house.gateway.api, "/console"))
    assert {"/console/sign-in", "/console/sign-out", "/console/erasures/erasure/approve"} <= {path for _, path in found}
    foreign: list[dict[str, str]] = [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://testserver:8080"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin", "Origin": EVIL},
    ]
    for method, path in found:
        for headers in foreign:
            answer = inside.client.request(method, path, headers={**HTML, **headers}, follow_redirects=False)
            assert (answer.status_code, "set-cookie" in answer.headers) == (403, False), (path, headers)
            assert "<h2>Permintaan dari situs lain</h2>" in answer.text
            assert "default-src 'none'" in answer.headers["content-security-policy"]
        own = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
        taken = inside.client.request(method, path, headers=own, follow_redirects=False)
        assert "situs lain" not in taken.text, path
        inside.client.cookies.set(COOKIE, "token-of-agus")  # one of them signs out


def test_the_cookie_serves_no_other_site_at_the_apis_either(house: House, inside: Visitor) -> None:
    found = [each for prefix in ("/admin", "/office") for each in deeds(house.gateway.api, prefix)]
    assert len(found) > 20
    for method, path in found:
        answer = inside.client.request(method, path, headers={"Origin": EVIL})
        assert (answer.status_code, answer.json()["code"]) == (403, "cross-origin"), path
    inside.client.cookies.clear()
    path = "/admin/v1/erasures/nope/approve"  # a program with a token of its own says what it likes
    assert inside.refused("POST", path, "agus", Origin=EVIL).code == "scope-missing"


@pytest.mark.parametrize(
    ("public", "called", "origin", "is_own"),
    [
        ("https://hub.example", "http://127.0.0.1:8080", "https://hub.example", True),
        ("https://hub.example", "http://hub.example", "https://hub.example:443", True),
        ("https://hub.example", "http://hub.example", "http://hub.example", False),
        ("https://hub.example", "http://127.0.0.1:8080", "http://127.0.0.1:8080", True),
        ("https://hub.example", "http://hub.example", "https://other.example", False),
        ("http://127.0.0.1:8080", "http://kantor.example", "https://kantor.example", True),
        ("http://127.0.0.1:8080", "http://kantor.example", "https://kantor.example:8443", False),
        ("http://[::1]:8080", "http://[::1]:8080", "http://[::1]:8080", True),
    ],
)
def test_the_public_url_and_the_address_that_was_called_are_the_hubs_own(
    public: str, called: str, origin: str, is_own: bool
) -> None:
    client = TestClient(OwnOrigin(FastAPI(), public_url=public), base_url=called)
    answer = client.post("/console/sign-out", headers={"Origin": origin})
    assert answer.status_code == (404 if is_own else 403)


def test_what_has_no_origin_has_none() -> None:
    assert [origin_of(each) for each in ("null", "", "file:///x", "http://x:port", "https://")] == [""] * 5


def test_behind_a_proxy_that_ends_tls_the_cookie_is_for_https_and_this_host_alone(house: House) -> None:
    api = FastAPI()
    api.include_router(console_router(replace(house.gateway.api.state.staff, public_url="https://hub.example")))
    client = TestClient(api, base_url="http://127.0.0.1:8080")
    answer = client.post("/console/sign-in", data={"token": "token-of-agus"}, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{SECURE_COOKIE}=token-of-agus;")
    assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "sign-out" in client.get("/console", headers={"Cookie": f"{SECURE_COOKIE}=token-of-agus"}).text
    tossed = client.get("/console", headers={"Cookie": f"{COOKIE}=token-of-agus"}).text  # set by a sibling host
    assert "sign-out" not in tossed
    left = client.post("/console/sign-out", follow_redirects=False).headers["set-cookie"]
    assert {"Secure", "Max-Age=0"} <= {part.strip() for part in left.split(";")}


def test_what_is_not_there_is_a_page_for_a_browser_and_a_problem_for_a_program(inside: Visitor) -> None:
    for path, title in (
        ("/console/exchanges/nope", "Pertukaran tidak ditemukan"),
        ("/console/reconciliations/nope", "Rekonsiliasi tidak ditemukan"),
        ("/console/nope", "Tidak ditemukan"),
    ):
        page = inside.client.get(path, headers=HTML)
        assert (page.status_code, f"<h2>{title}</h2>" in page.text) == (404, True)
        assert inside.refused("GET", path, None).status == 404
    english = inside.client.get("/console/exchanges/nope?lang=en", headers=HTML).text
    assert "<h2>No such exchange</h2>" in english
    large = inside.client.post("/console/sign-in", data={"token": "x" * 5000}, headers=HTML)
    assert (large.status_code, DETAILS["body-too-large"] in large.text) == (413, True)
    assert 'lang="en">the body is larger than' in large.text
    assert inside.client.put("/console", headers=HTML).status_code == 405
