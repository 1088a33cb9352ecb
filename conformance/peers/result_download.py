"""How an agency fetches the result of its file (docs/wire.md, *Files of records*), part by part.

1. ask for the next bytes (Range), after the first part only of what its ETag names (If-Range)
2. after a cut connection ask for the same bytes once more: what is here already is not fetched again
3. an answer with 200 is the whole result and stands for all parts
4. compare the SHA-256 with that of the signed report
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import httpx2

from gateway.domain.errors import AgencyUnavailable, Malformed, Refused

PART_BYTES = 2**20
TRIES = 3
"""So often a part is asked for before the fault is told."""


def fetched_result(
    client: httpx2.Client,
    address: str,
    shown: Mapping[str, str],
    report: Mapping[str, Any],
    *,
    part_bytes: int = PART_BYTES,
) -> bytes:
    """The result of the batch at that address, as its verified report names it.

    Raises Malformed for one that differs, Refused and AgencyUnavailable for what the hub says instead, and
    httpx2.TransportError when the connection fails again and again.
    """
    size, content, etag = int(report.get("resultBytes", 0)), b"", ""
    while len(content) < size:
        wanted = {"Range": f"bytes={len(content)}-{min(len(content) + part_bytes, size) - 1}"}  # 1
        wanted |= {"If-Range": etag} if etag else {}
        answer = _asked(client, f"{address}/result", {**shown, **wanted})
        if answer.status_code == 200:  # 3
            content = answer.content
            break
        begins = answer.headers.get("content-range", "").removeprefix("bytes ").partition("-")[0]
        if answer.status_code != 206 or begins != str(len(content)) or not answer.content:
            raise Malformed(f"the result does not go on from byte {len(content)}", code="result-differs")
        content, etag = content + answer.content, answer.headers.get("etag", "")
    if hashlib.sha256(content).hexdigest() != report.get("resultSha256"):  # 4
        raise Malformed("the result is not the one whose digest the report holds", code="result-differs")
    return content


def _asked(client: httpx2.Client, url: str, headers: Mapping[str, str]) -> httpx2.Response:
    for left in reversed(range(TRIES)):  # 2
        try:
            return good(client.get(url, headers=dict(headers)))
        except httpx2.TransportError:
            if not left:
                raise
    raise AssertionError("the last try returns or raises")


def good(answer: httpx2.Response) -> httpx2.Response:
    """An answer that says yes. Raises Refused with what the hub said, AgencyUnavailable where it cannot now."""
    if answer.is_success:
        return answer
    text = f"the hub answered HTTP {answer.status_code}: {answer.text[:300]}"
    if answer.is_server_error:
        raise AgencyUnavailable(text)
    raise Refused(text, code="not-acknowledged")
