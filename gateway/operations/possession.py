"""Challenges by which an agency proves that it holds the key of a certificate: given out, looked up, spent once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509

from gateway.domain.errors import Refused
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Claim, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import PossessionChallengeRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.trust.keys import fingerprint
from gateway.trust.possession import possession_challenge

CHALLENGE_LIFE = timedelta(days=7)
"""From the challenge to its proof: it may travel by letter, over a week-end. It is worth nothing to anybody else."""


class Challenges:
    """The challenges of all agencies; `found` is the fingerprint of the certificate that one is about."""

    def __init__(self, reader: Reader, unit_of_work: UnitOfWork, clock: Callable[[], datetime]) -> None:
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._clock = clock

    def give(self, agency: str, certificate: x509.Certificate, nonce: str) -> bytes:
        """What the agency has to sign; kept until it is used. Raises Refused `challenge-used` for a spent nonce."""
        found = fingerprint(certificate)

        def prepare() -> bytes:
            row = self._reader.possession_challenge(found, nonce)
            if row is not None and (row.agency != agency or row.used_at is not None):
                raise Refused("this nonce was given out before: take a new one", code="challenge-used")
            if row is None:
                values = {"fingerprint": found, "nonce": nonce, "agency": agency, "made_at": self._clock()}
                claim = Claim(PossessionChallengeRow, ("fingerprint", "nonce"), values)
                commit(self._unit_of_work, Plan.of(claim))
            return possession_challenge(agency, found, nonce)

        return prepared_again(prepare)

    def nonce_of(self, agency: str, found: str, challenge: bytes) -> str:
        """The nonce of a challenge that is word for word one of ours. Raises Refused `challenge-other`."""
        nonce = challenge.rstrip(b"\n").rpartition(b"nonce: ")[2].decode("ascii", "replace")
        try:
            ours = possession_challenge(agency, found, nonce)
        except ValueError:
            ours = b""
        if not ours or ours != challenge:
            raise Refused(
                f"the challenge is not the one for this certificate of {agency}: run `simojo agency challenge` again "
                "and let the agency sign that file unchanged",
                code="challenge-other",
            )
        return nonce

    def check(self, agency: str, found: str, nonce: str) -> None:
        """Let a challenge pass that may still be used.

        Raises Refused `challenge-other` (not given out for this agency), `challenge-used`, `challenge-expired`.
        """
        row = self._reader.possession_challenge(found, nonce)
        if row is None or row.agency != agency:
            raise Refused(
                "this hub gave out no such challenge: run `simojo agency challenge` and let the agency sign that",
                code="challenge-other",
            )
        if row.used_at is not None:
            raise Refused(
                "a proof over this challenge was taken before: run `simojo agency challenge` again",
                code="challenge-used",
            )
        if self._clock() >= row.made_at + CHALLENGE_LIFE:
            raise Refused(
                f"the challenge is of {row.made_at.isoformat()} and was good for {CHALLENGE_LIFE.days} days: run "
                "`simojo agency challenge` again",
                code="challenge-expired",
            )

    def spent(self, agency: str, found: str, nonce: str) -> Update:
        """The change that spends it. Raises as `check` does."""
        self.check(agency, found, nonce)
        key = {"fingerprint": found, "nonce": nonce}
        return Update(PossessionChallengeRow, key, {"used_at": None}, {"used_at": self._clock()})
