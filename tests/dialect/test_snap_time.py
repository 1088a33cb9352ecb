"""X-TIMESTAMP of SNAP BI: which times are read, and the day in Jakarta that they give to a message id."""

from __future__ import annotations

import pytest

from gateway.contract.message import Message
from gateway.dialect.snap_bi import SnapBi, _token_mac, issue_token, symmetric_signature
from gateway.domain.errors import Unauthenticated
from tests.dialect.spoken import hub, message, party, refusal
from tests.exchange.keys import AT

WRONG_TIMES = (
    "",
    "2026-03-02",
    "2026-03-02T10:00:00",
    "20260302T100000+0700",
    "2026-03-02 10:00:00+07:00",
    "2026-03-02T10:00+07:00",
    "2026-02-30T10:00:00+07:00",
    "2026-03-02T10:00:00+14:01",
    "2026-03-02T10:00:00+07:00:30",
    "1999-12-31T23:59:59+07:00",
    "3000-01-01T00:00:00+07:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.9-23:00",
)


def _signed_at(moment: str) -> Message:
    ends = str(int(AT.timestamp()) + 60)
    token = f"{ends}.{_token_mac(ends, party())}"
    signature = symmetric_signature("s", "POST", "/rest/x/y", token, b"{}", moment)
    return message(
        Authorization=f"Bearer {token}",
        X_TIMESTAMP=moment,
        X_PARTNER_ID="P",
        X_EXTERNAL_ID="17",
        X_SIGNATURE=signature,
    )


@pytest.mark.parametrize("moment", WRONG_TIMES)
def test_a_snap_time_of_another_form_or_millennium_is_none_however_well_signed(moment: str) -> None:
    assert refusal(SnapBi(), _signed_at(moment), {}, party()) == "timestamp-missing"
    with pytest.raises(Unauthenticated) as raised:
        issue_token(message(X_TIMESTAMP=moment, X_CLIENT_KEY="c"), party(), AT)
    assert raised.value.code == "timestamp-missing"


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-03-02T10:00:00+07:00", "20260302"),
        ("2026-03-02T17:00:00.123Z", "20260303"),
        ("2026-03-02T17:00:00+14:00", "20260302"),
        ("2000-01-01T00:00:00+14:00", "19991231"),
        ("2999-12-31T23:59:59.9-14:00", "30000101"),
    ],
)
def test_a_signed_snap_time_gives_the_day_in_jakarta(moment: str, day: str) -> None:
    proven = SnapBi().authenticate(_signed_at(moment), {}, party(), hub(), AT)
    assert proven.message_id == f"{day}-17"
