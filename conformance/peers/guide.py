"""What lies in a peer's folder for people: README.md and, for dpupr, `ask.sh`."""

from __future__ import annotations

from pathlib import Path

from conformance.peers.config import agreement_of
from conformance.peers.peer import Peer

README_FILE = "README.md"
ASK_FILE = "ask.sh"

_README = """# {agency} (simulasi / simulated)

Folder ini milik instansi simulasi `{agency}`; semua datanya sintetis. / This folder belongs to the simulated agency
`{agency}`; all of its data is synthetic.

- hub: {hub}
- instansi / agency: {peer}
- `key.pem`: kunci privat, jangan dibagikan / private key, keep it to yourself; `certificate.pem`: sertifikatnya, yang
  didaftarkan di hub / its certificate, which the hub registers
- `config.json`: alamat dan rahasia bersama / addresses and shared secrets
- `journal.jsonl`: semua yang diterima dan dikirim / everything received and sent

Jalankan sendiri / run it yourself: `simojo-conformance serve {agency} --home . --stay`

## Berperan sebagai instansi ini / play this agency

{guide}"""

_ASK = r"""#!/usr/bin/env bash
# Asks the hub whether a permit is valid, signed as {agency}: ./ask.sh PERMIT-NUMBER
# A detached JWS (RFC 7515 appendix F) made with openssl alone. Needs bash, openssl and curl.
set -euo pipefail
home=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
hub=${HUB:-{hub}}
agreement=${AGREEMENT:-{agreement}}
number=${1:?usage: ask.sh PERMIT-NUMBER}
[[ $number =~ ^[A-Za-z0-9./_\ -]+$ ]] || { echo "a permit number has letters, digits and ./_- only" >&2; exit 2; }

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

body="{\"permitNumber\":\"$number\"}"
thumbprint=$(openssl x509 -in "$home/certificate.pem" -outform DER | openssl dgst -sha256 -binary | base64url)
now=$(date +%s)
times="\"iat\":$now,\"exp\":$((now + 300))"
message="\"jti\":\"$(openssl rand -hex 16)\",\"agr\":\"$agreement\",\"int\":\"permit-validity\""
header="{\"alg\":\"RS256\",\"x5t#S256\":\"$thumbprint\",\"iss\":\"{agency}\",\"aud\":\"dpmptsp\",$times,$message}"
protected=$(printf '%s' "$header" | base64url)
payload=$(printf '%s' "$body" | base64url)
signature=$(printf '%s.%s' "$protected" "$payload" | openssl dgst -sha256 -sign "$home/key.pem" | base64url)

curl --silent --show-error --max-time 15 --noproxy '*' \
  --header 'Content-Type: application/json' \
  --header "X-JWS-Signature: $protected..$signature" \
  --data-binary "$body" "$hub/rest/{agency}/permit-validity"
echo
"""


def readme(peer: Peer, url: str) -> str:
    """Write README.md of a peer that listens at `url`."""
    guide = _filled(peer.guide(), peer, url)
    return _filled(_README, peer, url).replace("{guide}", guide)


def ask_script(peer: Peer) -> str:
    """Write `ask.sh`: bash, openssl and curl ask H/rest/dpupr/permit-validity with a detached RS256 JWS."""
    return _filled(_ASK, peer, "").replace("{agreement}", agreement_of(peer.agency))


def write_guide(peer: Peer, url: str) -> None:
    """Put README.md and, for dpupr, an executable `ask.sh` into the peer's folder."""
    (peer.folder / README_FILE).write_text(readme(peer, url), encoding="utf-8")
    if peer.agency == "dpupr":
        script: Path = peer.folder / ASK_FILE
        script.write_text(ask_script(peer), encoding="utf-8")
        script.chmod(0o755)


def _filled(template: str, peer: Peer, url: str) -> str:
    # shell and JSON are full of braces, so that str.format would not do
    values = {
        "agency": peer.agency,
        "hub": peer.config.hub_url,
        "hub_certificate": peer.config.hub_certificate,
        "peer": url,
    }
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template
