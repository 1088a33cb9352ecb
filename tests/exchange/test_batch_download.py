"""An agency fetches the result of its file, and goes on with it after a cut connection."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from conformance.peers.result_download import fetched_result
from gateway.domain.errors import Malformed
from tests.exchange import pasar
from tests.exchange.stage import Stage

CONTENT = pasar.written("jsonl", [{"number": f"R-{number}"} for number in range(3)])


def get(stage: Stage, address: str, **headers: str) -> Any:
    shown = {"Authorization": f"Bearer {pasar.TOKEN}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return stage.client.get(f"{address}/result", headers=shown)


def test_a_part_of_a_result_is_what_was_asked_for(market: Stage) -> None:
    address = pasar.delivered(market, CONTENT, 3)
    pasar.work(market)
    report = pasar.ask(market, "GET", address).json()
    whole = get(market, address)
    size, etag = len(whole.content), f'"{report["resultSha256"]}"'
    assert (whole.status_code, whole.headers["etag"], whole.headers["accept-ranges"]) == (200, etag, "bytes")
    assert "content-range" not in whole.headers
    for asked, begin, end in [
        ("bytes=0-0", 0, 1),
        ("bytes=7-", 7, size),
        ("bytes=-5", size - 5, size),
        (f"bytes=-{size + 9}", 0, size),
        (f"bytes=3-{size + 9}", 3, size),
    ]:
        for more in ({}, {"If_Range": etag}):
            part = get(market, address, Range=asked, **more)
            assert (part.status_code, part.content) == (206, whole.content[begin:end])
            assert part.headers["content-range"] == f"bytes {begin}-{end - 1}/{size}"
            assert part.headers["content-length"] == str(end - begin)


def test_what_is_no_single_range_or_of_another_result_has_the_whole_one(market: Stage) -> None:
    address = pasar.delivered(market, CONTENT, 3)
    pasar.work(market)
    whole = get(market, address).content
    for asked in ("bytes=0-1,3-4", "lines=0-1", "bytes=-", "bytes=5-4", "bytes=x-"):
        assert (get(market, address, Range=asked).status_code, get(market, address, Range=asked).content) == (
            200,
            whole,
        )
    other = get(market, address, Range="bytes=5-", If_Range='"another"')
    assert (other.status_code, other.content) == (200, whole)


@pytest.mark.parametrize("beyond", ["bytes={size}-", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused_with_the_size(market: Stage, beyond: str) -> None:
    address = pasar.delivered(market, CONTENT, 3)
    pasar.work(market)
    size = len(get(market, address).content)
    refused = get(market, address, Range=beyond.format(size=size))
    assert (refused.status_code, refused.json()["code"]) == (416, "range-beyond")
    assert refused.headers["content-range"] == f"bytes */{size}"


def test_a_client_whose_connection_is_cut_fetches_no_byte_twice(market: Stage) -> None:
    address = pasar.delivered(market, CONTENT, 3)
    pasar.work(market)
    report, whole = pasar.ask(market, "GET", address).json(), get(market, address).content
    came: list[bytes] = []

    def through(request: httpx2.Request) -> httpx2.Response:
        if len(came) == 2 and not cut:
            cut.append(1)
            raise httpx2.ReadError("cut")
        said = market.client.get(request.url.path, headers=dict(request.headers))
        came.append(said.content)
        return httpx2.Response(said.status_code, headers=dict(said.headers), content=said.content)

    cut: list[int] = []
    shown = {"Authorization": f"Bearer {pasar.TOKEN}"}
    with httpx2.Client(transport=httpx2.MockTransport(through), base_url="http://hub") as client:
        assert fetched_result(client, address, shown, report, part_bytes=40) == whole
        assert cut
        assert len(came) == -(-len(whole) // 40)
        assert b"".join(came) == whole
        with pytest.raises(Malformed, match="not the one whose digest"):
            fetched_result(client, address, shown, {**report, "resultSha256": "0" * 64})
