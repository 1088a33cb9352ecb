"""The witness that nobody can call: it fetches the checkpoint and the proof from the hub, and brings its line there."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

import httpx2

from conformance.notes import HASH_SIZE, Checkpoint, NotANote, from_base64, read_checkpoint
from conformance.witness.judge import Contradiction, Witness

TIMEOUT_S = 10.0


class HubFailed(Exception):
    """The hub did not answer as it should; the text says how. To be tried again."""


class Client(Protocol):
    """What is needed of an HTTP client."""

    def get(self, url: str) -> httpx2.Response:
        """Fetch."""
        ...

    def post(self, url: str, *, content: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        """Bring."""
        ...


def visit(witness: Witness, client: Client, hub: str) -> Checkpoint | None:
    """Fetch, judge and bring once; gives the checkpoint that was co-signed, None while the ledger is empty.

    `hub` is the hub's public URL. A hub whose ledger is refused is brought the last checkpoint that was co-signed: it
    cannot ask why nothing comes, and its own signature on that one tells it. Raises HubFailed, NotANote, NotSigned,
    OtherLedger and Contradiction.
    """
    base = hub.rstrip("/")
    fetched = _ask(client, f"{base}/ledger/checkpoint")
    if fetched.status_code == 404:
        if witness.size:
            raise HubFailed(f"the ledger is empty, and had {witness.size} leaves: its database is another one")
        return None
    offered = read_checkpoint(_good(fetched).text)
    proof: list[bytes] = []
    if 0 < witness.size < offered.size:
        proof = _proof(client, f"{base}/ledger/consistency?from={witness.size}&to={offered.size}")
    try:
        line = witness.cosign(offered.note, None, proof)
    except Contradiction:
        _object(witness, client, base)
        raise
    _good(_bring(client, base, offered.note + line))
    return offered


def _object(witness: Witness, client: Client, base: str) -> None:
    """Tell the hub. Whether it listens changes nothing in the verdict: it is told again at the next visit."""
    seen = witness.seen()
    if seen is not None:
        with suppress(HubFailed):
            _bring(client, base, seen)


def _bring(client: Client, base: str, note: str) -> httpx2.Response:
    try:
        return client.post(
            f"{base}/ledger/cosignature",
            content=note.encode(),
            headers={"Content-Type": "text/plain; charset=utf-8"},
        )
    except httpx2.HTTPError as fault:
        raise HubFailed(f"the hub cannot be reached: {fault}") from fault


def _proof(client: Client, url: str) -> list[bytes]:
    """The hashes of a proof. One that cannot be read proves nothing, which is for the judge to say."""
    try:
        found = _good(_ask(client, url)).json()["proof"]
        return [from_base64(each, HASH_SIZE) for each in found]
    except (ValueError, TypeError, KeyError) as fault:
        raise NotANote(f"the hub's proof cannot be read: {fault}") from None


def _ask(client: Client, url: str) -> httpx2.Response:
    try:
        return client.get(url)
    except httpx2.HTTPError as fault:
        raise HubFailed(f"the hub cannot be reached: {fault}") from fault


def _good(response: httpx2.Response) -> httpx2.Response:
    if response.status_code != 200:
        raise HubFailed(f"the hub answers {response.status_code}: {response.text[:300]}")
    return response
