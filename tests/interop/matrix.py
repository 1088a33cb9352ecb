"""What the tests of foreign clients have shown: noted by each test when it has passed, put together as a page after.

`python -m tests.interop.matrix` writes docs/interop.md from what was noted, and fails when the page that was there
says anything else, versions and dates apart. So the page in the repository is what the last run showed.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import sys
from collections.abc import Mapping

from tests.interop.clients import REST_CLIENTS, ROOT, SOAP_CLIENTS, Client

NOTES = ROOT / ".interop/notes"
PAGE = ROOT / "docs/interop.md"
SOAP_TRANSPORTS = ("SOAP 1.2", "SOAP 1.1")
COLUMNS: Mapping[str, str] = {
    "signed": "signed request taken",
    "verified": "answer verified",
    "echo": "echo",
    "refusal": "refusal read",
    "stranger": "unknown certificate",
    "tampered-request": "request tampered with",
    "tampered-answer": "answer tampered with",
    "encrypted": "encrypted both ways",
}
_VERSION = re.compile(r"v?\d+(\.\d+)+[\w.+~-]*")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
HEAD = """# Clients that work with the gateway

Written by `make test-interop`, which runs each client of [clients/](clients/README.md) against a hub and notes what it
has seen; do not edit it by hand. The versions are what the programs say of themselves, on the machine of the last run.
The hub under test has an RSA key, as `simojo init` makes it; so has the agency. C# is compiled and run by Mono: .NET's
own SDK is not in Debian 12, so the same file is written for .NET 8 and not tried with it here.

- **signed request taken**: the client's own library signed it, the hub took it, and its case moved.
- **answer verified**: the client verified the hub's signature with its own library before it believed anything.
- **echo**: the meta-service that is there to try a connection.
- **refusal read**: a signed refusal was verified, and its code and the violation's path were shown.
- **unknown certificate**: the hub refused a request signed with a key that nobody registered, by this code.
- **request tampered with**: changed on its way; the hub refused it by this code, and nothing changed.
- **answer tampered with**: so many forged answers (changed, unsigned, signed by a stranger, of another message, and for
  SOAP the signed Body moved aside) were sent to the client, and it refused them all.
- **encrypted both ways**: under an agreement that calls the interaction confidential, the client encrypted what it had
  signed, and decrypted the answer before it verified it (SOAP: AES-256-GCM, RSA-OAEP with SHA-256; REST: JWE
  RSA-OAEP-256, A256GCM). A dash: Mono has no AES-GCM (.NET has), nor has the command `openssl`.
"""


def note(client: Client, transport: str, column: str, text: str = "yes") -> None:
    """Note what a test has shown; call it last."""
    NOTES.mkdir(parents=True, exist_ok=True)
    told = {"client": client.name, "transport": transport, "column": column, "text": text, "version": client.version()}
    said = json.dumps(told, sort_keys=True)
    (NOTES / f"{hashlib.sha256(said.encode()).hexdigest()[:16]}.json").write_text(said, encoding="utf-8")


def page() -> str:
    """Compose the page from all notes. Raises AssertionError when a client or a column is missing altogether."""
    notes = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(NOTES.glob("*.json"))]
    rows = [_row("client", "version", "over", *COLUMNS.values()), _row(*["---"] * (3 + len(COLUMNS)))]
    places = [(client, over) for client in SOAP_CLIENTS for over in SOAP_TRANSPORTS]
    places += [(client, "REST") for client in REST_CLIENTS]
    for client, over in places:
        own = [each for each in notes if (each["client"], each["transport"]) == (client.name, over)]
        assert own, f"nothing was noted of {client.name} over {over}: run make test-interop whole"
        cells = [", ".join(sorted({each["text"] for each in own if each["column"] == name})) for name in COLUMNS]
        rows.append(
            _row(f"[{client.name}](clients/{client.folder})", own[0]["version"], over, *(c or "-" for c in cells))
        )
    return HEAD + "\n" + "\n".join(rows) + "\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def comparable(text: str) -> str:
    """The page without what differs between two honest runs."""
    return _DATE.sub("DATE", _VERSION.sub("VERSION", text))


def main() -> int:
    """Write the page; 1 when the one that was there said something else."""
    made, was = page(), PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    PAGE.write_text(made, encoding="utf-8")
    if comparable(made) == comparable(was):
        print(f"{PAGE.relative_to(ROOT)} is what this run showed")
        return 0
    differences = difflib.unified_diff(was.splitlines(), made.splitlines(), "as it was", "as it is", lineterm="", n=0)
    print("\n".join(differences))
    print(f"{PAGE.relative_to(ROOT)} said something else than this run showed; it is written anew: read it, commit it")
    return 1


if __name__ == "__main__":
    sys.exit(main())
