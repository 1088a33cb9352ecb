"""Timestamps of RFC 3161 for checkpoints: from a real authority, verified before they are kept, by openssl after."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import keys, pem, tsp
from asn1crypto import x509 as asn1_x509
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from gateway.domain.errors import GatewayError, Refused
from gateway.operations.published import Published
from gateway.operations.timestamping import Authority as Asked
from gateway.operations.timestamping import Timestamping
from gateway.transport.http import HttpClient
from gateway.trust import timestamps
from tests.operations.ledgers import Office
from tests.operations.stamping import Authority

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="the authority is played by `openssl ts`")

DIGEST = bytes(range(32))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Authority]]:
    made: list[Authority] = []

    def make(**options: bool) -> Authority:
        folder = tmp_path / f"tsa{len(made)}"
        folder.mkdir()
        made.append(Authority(folder, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def asking(office: Office, authority: Authority, client: HttpClient) -> Timestamping:
    office.now = datetime.now(UTC)  # the authority's clock is the machine's
    return Timestamping(
        reader=office.reader,
        unit_of_work=office.writer,
        client=client,
        authority=Asked(url=authority.url, certificates=[authority.root], interval=timedelta(hours=1)),
        clock=lambda: office.now,
        random_bytes=bytes,
    )


def test_the_newest_checkpoint_is_stamped_once_an_hour_and_openssl_agrees(
    filled: Office, opened: Callable[..., Authority]
) -> None:
    authority = opened()
    with HttpClient(clock=time.monotonic) as client:
        stamping = asking(filled, authority, client)
        for _ in range(2):
            stamping.run_once()
            filled.deeds(1)
            filled.integrator().run_once()
        found = Published(filled.reader).timestamp(None)
        assert (found.size, stamping.trouble()) == (13, "")
        assert authority.verified(found.note.encode(), found.token)
        assert not authority.verified(found.note.encode() + b"x", found.token)
        assert abs(found.at - filled.now) < timedelta(minutes=1)
        assert Published(filled.reader).timestamp(5) == found
        with pytest.raises(Refused):
            Published(filled.reader).timestamp(14)


def test_an_authority_that_is_away_or_wrong_is_told_of_and_asked_again_later(
    filled: Office, opened: Callable[..., Authority]
) -> None:
    authority = opened()
    with HttpClient(clock=time.monotonic) as client:
        stamping = asking(filled, authority, client)
        authority.spoil = lambda reply: reply[:-1]
        stamping.run_once()
        assert "there is none yet" in stamping.trouble()
        authority.spoil = lambda reply: reply
        stamping.run_once()  # too early
        assert filled.reader.last_timestamp() is None
        filled.now += timedelta(minutes=1)
        stamping.run_once()
        assert filled.reader.last_timestamp() is not None
        assert stamping.trouble() == ""


def test_a_reply_is_taken_for_its_own_question_from_a_trusted_authority_for_timestamps_alone(
    opened: Callable[..., Authority],
) -> None:
    authority, another = opened(), opened()
    reply = authority.stamp(timestamps.question(DIGEST, 7))
    assert timestamps.read_reply(reply, DIGEST, 7, [authority.root]).at.tzinfo is not None
    granted = {"digest": DIGEST, "nonce": 7, "authorities": [authority.root]}
    for changed in ({"digest": bytes(32)}, {"nonce": 8}, {"authorities": [another.root]}):
        with pytest.raises(Refused) as caught:
            timestamps.read_reply(reply, **{**granted, **changed})  # type: ignore[arg-type]  # a table of arguments
        assert caught.value.code == "timestamp-refused"


def test_no_changed_byte_passes(opened: Callable[..., Authority]) -> None:
    authority = opened()
    reply = authority.stamp(timestamps.question(DIGEST, 7))
    taken = timestamps.read_reply(reply, DIGEST, 7, [authority.root])
    for at in range(0, len(reply), 11):
        spoilt = bytearray(reply)
        spoilt[at] ^= 1
        try:
            found = timestamps.read_reply(bytes(spoilt), DIGEST, 7, [authority.root])
        except GatewayError:
            continue
        assert found.at == taken.at, at  # what no signature covers says nothing of the time


def test_a_certificate_that_is_not_for_timestamps_stamps_nothing(opened: Callable[..., Authority]) -> None:
    authority = opened(usage=False)  # `openssl ts` itself would not use it: the token is pyHanko's
    folder = authority.folder
    certificate = asn1_x509.Certificate.load(pem.unarmor((folder / "tsa.pem").read_bytes())[2])
    key = keys.PrivateKeyInfo.load(pem.unarmor((folder / "tsa.key").read_bytes())[2])
    stamper = DummyTimeStamper(certificate, key, fixed_dt=datetime.now(UTC))
    token = stamper.request_tsa_response(tsp.TimeStampReq.load(timestamps.question(DIGEST, 7)))
    with pytest.raises(
        Refused, match="does not chain to an authority of SIMOJO_TIMESTAMP_CA_FILE as one for timestamps"
    ):
        timestamps.read_reply(token.dump(), DIGEST, 7, [authority.root])
