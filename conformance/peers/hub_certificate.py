"""The hub's certificates in an agency's folder: fetched from the hub, where nobody has put them there."""

from __future__ import annotations

from pathlib import Path

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from conformance.peers.config import HUB_FILE, PeerConfig

CERTIFICATES = "/hub/certificates.pem"
TIMEOUT_S = 5.0


def find_hub_certificate(folder: Path, config: PeerConfig, client: httpx2.Client) -> str:
    """Fetch the hub's certificates where the folder lacks them; gives a sentence for the one who starts, or none.

    What is fetched is believed: over plain HTTP on loopback nobody else answers, and the sentence names the
    fingerprint, to be compared where the hub is elsewhere.
    """
    path = folder / HUB_FILE
    if config.hub_certificate != HUB_FILE or path.exists():
        return ""
    url = f"{config.hub_url}{CERTIFICATES}"
    try:
        answer = client.get(url, timeout=TIMEOUT_S)
        answer.raise_for_status()
        first = x509.load_pem_x509_certificates(answer.content)[0]
    except (httpx2.HTTPError, ValueError) as fault:
        why = type(fault).__name__ if isinstance(fault, httpx2.TransportError) else str(fault).partition("\n")[0]
        return (
            f"the hub's certificate cannot be fetched from {url} ({why}), and without it nothing of the hub is "
            f"believed: start the hub, then start this again; or put keys/hub.pem of the hub into {path}"
        )
    path.write_bytes(answer.content)
    fingerprint = first.fingerprint(hashes.SHA256()).hex()
    return f"the hub's certificate {fingerprint} was fetched from {url}: compare it with `simojo hub certificates`"
