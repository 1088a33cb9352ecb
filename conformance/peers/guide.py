"""What lies in a peer's folder for people: README.md, `register.sh`, `echo.sh` and, for dpupr, `ask.sh`."""

from __future__ import annotations

from pathlib import Path

from conformance.peers.config import versions_of
from conformance.peers.peer import Peer
from conformance.peers.registering import staff_commands

README_FILE = "README.md"
ASK_FILE = "ask.sh"
ECHO_FILE = "echo.sh"
REGISTER_FILE = "register.sh"

_README = """# {agency} (simulasi / simulated)

Folder ini milik instansi simulasi `{agency}`; semua datanya sintetis. / This folder belongs to the simulated agency
`{agency}`; all of its data is synthetic.

- hub: {hub}
- instansi / agency: {peer}
- `key.pem`: kunci privat, jangan dibagikan / private key, keep it to yourself; `certificate.pem`: sertifikatnya, yang
  didaftarkan di hub / its certificate, which the hub registers
- `config.json`: alamat dan rahasia bersama / addresses and shared secrets
- `register.sh`: yang diketik petugas di hub agar instansi ini boleh ikut / what staff type on the hub, so that
  it may take part
- `journal.jsonl`: semua yang diterima dan dikirim / everything received and sent

Jalankan sendiri, dari folder proyek / run it yourself, in the project's folder:
`.venv/bin/simojo-conformance serve {agency} --home '{home}' --stay`

## Berperan sebagai instansi ini / play this agency

Uji sambungan / test the connection (needs a registered certificate; `--ask NAME [JSON]` asks another meta-service):

```sh
./echo.sh
```

Pesan gangguan / order faults (`down`, `slow`, `nonsense`, `html`, `flapping`, `lost-answer`; `null` ends it):

```sh
curl -s {peer}/_control/fault -H 'Content-Type: application/json' -d '{"kind": "html", "times": 3}'
```

Jawaban lain, dengan kata-kata instansi ini / another answer, in this agency's own words (its refusals by name:
`GET {peer}/_control/say`; then `{"words": NAME, "times": 3}`; `{}` ends it):

```sh
curl -s {peer}/_control/say -H 'Content-Type: application/json' -d '{"answer": {}, "status": 500, "times": 3}'
```

Daftar untuk rekonsiliasi (Pasal 22(4)b): semua yang dipertukarkan hari ini dikirim ke hub; `wrong` (`digest`,
`missing`, `invented`) membuatnya berbeda / the list for reconciliation; `wrong` makes it differ (needs a registered
certificate):

```sh
curl -s {peer}/_control/reconcile -H 'Content-Type: application/json' -d '{"wrong": "digest"}'
```

{guide}"""

_ASK = r"""#!/usr/bin/env bash
# Asks the hub whether a permit is valid, signed as {agency}: ./ask.sh PERMIT-NUMBER
# A detached JWS (RFC 7515 appendix F) made with openssl alone. Needs bash, openssl and curl.
set -euo pipefail
home=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
hub=${HUB:-{hub}}
today=$(TZ=Asia/Jakarta date +%Y-%m-%d)
{agreements}
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


_ECHO = r"""#!/usr/bin/env bash
# Tests the connection to the hub, signed as {agency}: ./echo.sh [TEXT]
# Another meta-service: ./echo.sh --ask NAME [JSON], for example ./echo.sh --ask status '{"messageId":"m-1"}'
# A detached JWS (RFC 7515 appendix F) made with openssl alone. Needs bash, openssl and curl.
set -euo pipefail
home=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
hub=${HUB:-{hub}}
service=echo
if [[ ${1:-} == --ask ]]; then
  service=${2:?usage: echo.sh --ask NAME [JSON]}
  body=${3:-'{}'}
  [[ $service =~ ^[a-z]+$ ]] || { echo "a meta-service has a name of letters a to z" >&2; exit 2; }
else
  text=${1:-halo}
  [[ $text =~ ^[A-Za-z0-9.,:!?/_\ -]+$ ]] || { echo "a text has letters, digits, blanks and .,:!?/_-" >&2; exit 2; }
  body="{\"text\":\"$text\",\"clientTime\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"}"
fi

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

thumbprint=$(openssl x509 -in "$home/certificate.pem" -outform DER | openssl dgst -sha256 -binary | base64url)
now=$(date +%s)
times="\"iat\":$now,\"exp\":$((now + 300))"
message="\"jti\":\"$(openssl rand -hex 16)\",\"agr\":\"meta/1.0\",\"int\":\"meta.$service\""
header="{\"alg\":\"RS256\",\"x5t#S256\":\"$thumbprint\",\"iss\":\"{agency}\",\"aud\":\"dpmptsp\",$times,$message}"
protected=$(printf '%s' "$header" | base64url)
payload=$(printf '%s' "$body" | base64url)
signature=$(printf '%s.%s' "$protected" "$payload" | openssl dgst -sha256 -sign "$home/key.pem" | base64url)

curl --silent --show-error --max-time 15 --noproxy '*' \
  --header 'Content-Type: application/json' \
  --header "X-JWS-Signature: $protected..$signature" \
  --data-binary "$body" "$hub/rest/{agency}/meta/$service"
echo
"""

_REGISTER = """#!/usr/bin/env bash
# What the office's staff type on the hub, so that {agency} may take part. Run it where `simojo` opens the hub's store
# (its settings, and this folder). Written anew at each start of the agency.
set -euo pipefail
"""


def readme(peer: Peer, url: str) -> str:
    """Write README.md of a peer that listens at `url`."""
    guide = _filled(peer.guide(), peer, url)
    return _filled(_README, peer, url).replace("{guide}", guide)


def ask_script(peer: Peer) -> str:
    """Write `ask.sh`: bash, openssl and curl ask H/rest/dpupr/permit-validity with a detached RS256 JWS."""
    return _filled(_ASK, peer, "").replace("{agreements}", _agreements(peer.agency))


def echo_script(peer: Peer) -> str:
    """Write `echo.sh`: bash, openssl and curl ask a meta-service of the hub with a detached RS256 JWS."""
    return _filled(_ECHO, peer, "")


def register_script(peer: Peer, url: str) -> str:
    """Write `register.sh`, the commands of the office's staff for a peer that listens at `url`."""
    return _REGISTER.replace("{agency}", peer.agency) + "\n".join(staff_commands(peer, url)) + "\n"


def write_guide(peer: Peer, url: str) -> None:
    """Put README.md and the scripts into the peer's folder; the scripts are executable."""
    (peer.folder / README_FILE).write_text(readme(peer, url), encoding="utf-8")
    scripts = {ECHO_FILE: echo_script(peer), REGISTER_FILE: register_script(peer, url)}
    if peer.agency == "dpupr":
        scripts[ASK_FILE] = ask_script(peer)
    for name, text in scripts.items():
        script: Path = peer.folder / name
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)


def _agreements(agency: str) -> str:
    """Which agreement a question names on which day: the script outlives a cut-over."""
    first, *later = versions_of(agency)
    lines = [f"agreement={first.reference}"]
    lines += [f"[[ $today < {each.begins} ]] || agreement={each.reference}" for each in later]
    return "\n".join((*lines, "agreement=${AGREEMENT:-$agreement}"))


def _filled(template: str, peer: Peer, url: str) -> str:
    # shell and JSON are full of braces, so that str.format would not do
    values = {
        "agency": peer.agency,
        "hub": peer.config.hub_url,
        "hub_certificate": peer.config.hub_certificate,
        "home": str(peer.folder),
        "peer": url,
    }
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template
