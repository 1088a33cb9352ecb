"""OSS-RBA's token: how OSS proves itself when it calls an agency."""

from __future__ import annotations

import hashlib
from datetime import datetime

from gateway.domain.calendar import JAKARTA


def token(username: str, password: str, nib: str, at: datetime) -> str:
    """Give header Token: lower hex SHA-1 over username, password, NIB and the Jakarta date YYYYMMDD."""
    text = f"{username}{password}{nib}{at.astimezone(JAKARTA):%Y%m%d}"
    # the published guide fixes SHA-1; nothing of ours relies on it
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
