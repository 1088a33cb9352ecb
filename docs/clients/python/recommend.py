"""Give a technical recommendation (rekomendasi teknis) over signed SOAP, as DPUPR.

python recommend.py <agency folder> <MessageID of the request> <case> [number] [1.1|1.2]
"""

import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import zeep.exceptions
from signed_soap import SignedSoap, Untrusted, explain

folder, relates_to, case, *more = sys.argv[1:]
number, version = (*more, *("600/0001/2026", "1.2")[len(more) :])

try:
    answer = SignedSoap(Path(folder), "technical-recommendation", version).call(
        {
            "case": case,
            "number": number,
            "date": datetime.now(ZoneInfo("Asia/Jakarta")).date(),
            "favourable": True,
            "official": "Ir. Contoh",
            "condition": ["Garis sempadan bangunan 3 m"],
        },
        relates_to,
    )
    print(f"acknowledged (diterima): {answer.messageId} at {answer.receivedAt}, exchange {answer.exchange}")
except zeep.exceptions.Fault as fault:
    sys.exit(explain(fault))
except Untrusted as fault:
    sys.exit(str(fault))
except OSError as away:
    sys.exit(f"the hub does not answer: {away}")
