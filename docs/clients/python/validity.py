"""Ask whether a permit is valid (keabsahan izin) over signed REST, as DPUPR.

python validity.py <agency folder> <permit number> [agreement]
"""

import sys
from pathlib import Path

from signed_rest import Refused, SignedRest

folder, number, *more = sys.argv[1:]

try:
    agreement = more[0] if more else "dpupr-2026/1.0"
    answer = SignedRest(Path(folder)).ask("permit-validity", agreement, {"permitNumber": number})
    print(f"{number}: {answer['status']}, valid (sah): {answer['valid']}, since {answer['inForceSince']}")
except Refused as refused:
    sys.exit(str(refused))
except OSError as away:
    sys.exit(f"the hub does not answer: {away}")
