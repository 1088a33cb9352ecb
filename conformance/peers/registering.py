"""What the office's staff type on the hub, so that a simulated agency may take part."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from conformance.peers.config import version_of
from conformance.peers.peer import Peer
from conformance.signing.keys import CERTIFICATE_FILE, KEY_FILE
from gateway.domain.calendar import local_date
from gateway.domain.errors import Misconfigured

WITHOUT_KEY = frozenset({"dukcapil", "djp", "oss", "sms", "bsre"})
"""They prove themselves by shared secrets alone."""
WITHOUT_ENDPOINT = frozenset({"satpolpp"})
"""They come to their mailbox."""
NOT_KEPT = frozenset({"passphrase", "partner_service_id"})
"""The hub never keeps the first, an official's; the second is its own setting, SIMOJO_PARTNER_SERVICE_ID."""


def staff_commands(peer: Peer, url: str) -> Sequence[str]:
    """The commands, one line each, for a peer that listens at `url`. They hold no secret: `secret` reads it."""
    agency, folder = peer.agency, peer.folder

    def place(name: str) -> str:
        return shlex.quote(str(folder / name))

    lines = [*_agreement(peer)]
    lines += [
        f"simojo-conformance secret {agency} {name} --home {shlex.quote(str(folder))} | "
        f"simojo agency credential {agency} {name}"
        for name in peer.config.secrets
        if name not in NOT_KEPT
    ]
    if agency not in WITHOUT_KEY:
        certificate, challenge, proof = place(CERTIFICATE_FILE), place("challenge.txt"), place("proof.bin")
        lines += [
            f"simojo agency challenge {agency} {certificate} > {challenge}",
            f"openssl dgst -sha256 -sign {place(KEY_FILE)} -out {proof} {challenge}",
            f"simojo agency certify {agency} {certificate} {challenge} {proof}",
        ]
    if agency not in WITHOUT_ENDPOINT:
        lines.append(f"simojo agency endpoint {agency} {url}")
    return (*lines, f"simojo agency check {agency}")


def _agreement(peer: Peer) -> Sequence[str]:
    try:
        now = version_of(peer.agency, local_date(peer.now()))
    except Misconfigured:
        return (f"simojo agreement import --agency {peer.agency}",)  # it came with an adapter of its own
    return (
        f"simojo agreement import {shlex.quote(str(now.file))}",
        f"simojo agreement activate {now.reference.replace('/', ' ')} --development",
    )
