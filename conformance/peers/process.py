"""One peer as a process: bound, announced on stdout, ended by its parent."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TypeAlias

import uvicorn

from conformance.peers.bank import BankPeer
from conformance.peers.bsre import BsrePeer
from conformance.peers.config import PeerConfig
from conformance.peers.courier_service import CourierServicePeer
from conformance.peers.djp import DjpPeer
from conformance.peers.dpupr import DpuprPeer
from conformance.peers.dukcapil import DukcapilPeer
from conformance.peers.email import EmailPeer
from conformance.peers.guide import write_guide
from conformance.peers.horizontal import BakesbangpolPeer, BpkpdPeer, DinkesPeer, DishubPeer, DlhPeer
from conformance.peers.hub_certificate import find_hub_certificate
from conformance.peers.oss import OssPeer
from conformance.peers.peer import Peer, Surroundings
from conformance.peers.satpolpp import SatpolppPeer
from conformance.peers.sms import SmsPeer
from gateway.domain.errors import Misconfigured

_CITY = (DpuprPeer, DinkesPeer, DlhPeer, DishubPeer, BakesbangpolPeer, BpkpdPeer, SatpolppPeer)
_CENTRE = (DukcapilPeer, DjpPeer, BankPeer, OssPeer, SmsPeer, BsrePeer, EmailPeer, CourierServicePeer)
PEERS: dict[str, type[Peer]] = {each.agency: each for each in (*_CITY, *_CENTRE)}
PeerMaker: TypeAlias = Callable[[Path, PeerConfig, Surroundings], Peer]
GRACE_S = 2


class _Server(uvicorn.Server):
    """Says `ready <agency> <url>` as soon as it listens."""

    def __init__(self, config: uvicorn.Config, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then tell the parent."""
        await super().startup(sockets)
        if self.started:
            print(self._ready, flush=True)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A peer that is bound to its address and does not answer yet. `told` is for the one who starts it."""

    peer: Peer
    listening: socket.socket
    url: str
    told: Sequence[str]


def open_peer(
    make: PeerMaker, folder: Path, config: PeerConfig, surroundings: Surroundings, *, host: str, port: int | None
) -> Opened:
    """Bind a peer and put its guide, and the hub's certificates, into its folder.

    `port` overrides the one of `config`. Raises Misconfigured when it cannot start.
    """
    listening = _bind(host, config.port if port is None else port)
    url = f"http://{host}:{listening.getsockname()[1]}"
    peer = make(folder, config, surroundings)
    write_guide(peer, url)
    found = find_hub_certificate(folder, config, peer.client)
    return Opened(peer=peer, listening=listening, url=url, told=[found] if found else [])


def serve(opened: Opened, *, until_stdin_ends: bool) -> None:
    """Run a peer until stdin ends (if asked) or SIGTERM."""
    peer, listening = opened.peer, opened.listening
    server = _Server(
        uvicorn.Config(
            peer.app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=GRACE_S
        ),
        f"ready {peer.agency} {opened.url}",
    )
    # uvicorn raises the signal again when it has shut down; an asked-for end is no failure
    signal.signal(signal.SIGTERM, _ended)
    signal.signal(signal.SIGINT, _ended)
    if until_stdin_ends:
        threading.Thread(target=_watch_stdin, args=(server, peer), name="stdin", daemon=True).start()
    peer.start()
    try:
        server.run(sockets=[listening])
    finally:
        peer.stop()
        listening.close()


def peer_of(agency: str, adapter: str | None) -> PeerMaker:
    """Find what makes the agency. Raises Misconfigured for one that nobody can play.

    `adapter`: play the agreement of that one (`module:NAME`), also where the agency has a simulation of its own.
    """
    if agency in PEERS and adapter is None:
        return PEERS[agency]
    # zeep and jsonschema come with it, and take longer to load than the other simulations take to start
    from conformance.peers.agreed.agreement import script_of
    from conformance.peers.agreed.peer import AgreedPeer

    return partial(AgreedPeer, script=script_of(agency, adapter))


def _bind(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as fault:
        listening.close()
        text = f"cannot listen on {host} port {port} ({fault.strerror}): end what uses it or give another --port"
        raise Misconfigured(text, code="port-taken") from fault
    return listening


def _watch_stdin(server: uvicorn.Server, peer: Peer) -> None:
    # the descriptor itself: a buffered reader would hold a lock that the interpreter wants at its end
    while os.read(sys.stdin.fileno(), 4096):
        continue
    peer.stopping.set()
    server.should_exit = True


def _ended(_signal: int, _frame: FrameType | None) -> None:
    return
