"""Ask the hub for an echo: is everything set up well? Over REST, or over SOAP 1.1 or 1.2.

python echo.py <agency folder> [text] [rest|1.1|1.2]
"""

import sys
from pathlib import Path

import zeep.exceptions
from signed_rest import Refused, SignedRest
from signed_soap import SignedSoap, Untrusted, explain

folder, *more = sys.argv[1:]
text, transport = (*more, *("Halo, hub!", "rest")[len(more) :])

try:
    if transport == "rest":
        answer = SignedRest(Path(folder)).ask("meta.echo", "meta/1.0", {"text": text}, "meta/echo")
    else:
        answer = SignedSoap(Path(folder), "meta.echo", transport).call({"text": text})
    print(f"echo (gema): {answer['text']} - agreement {answer['agreement']}")
except zeep.exceptions.Fault as fault:
    sys.exit(explain(fault))
except (Refused, Untrusted) as refused:
    sys.exit(str(refused))
except OSError as away:
    sys.exit(f"the hub does not answer: {away}")
