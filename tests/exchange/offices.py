"""The simulated city offices of `conformance.peers` in the town of a test: they answer, and judge what the hub says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from fastapi.testclient import TestClient

from conformance.peers.config import load_config
from conformance.peers.courier import Courier
from conformance.peers.peer import Surroundings
from conformance.peers.process import PEERS
from conformance.peers.recommendation import RecommendationPeer
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage
from tests.exchange.town import Call, Told

_REPEATED = ("content-type", "soapaction", "x-jws-signature")


class Held(Courier):
    """Carries nothing by itself: the test says when. `waits` has the pause before each parcel, in seconds."""

    def __init__(self) -> None:
        super().__init__(time.monotonic)
        self.parcels: list[Callable[[], bool]] = []
        self.waits: list[float] = []

    def send(self, attempt: Callable[[], bool], *, after_s: float = 0.0) -> None:
        self.parcels.append(attempt)
        self.waits.append(after_s)

    def carry(self, tries: int = 2) -> int:
        """Carry each parcel, again where it did not arrive; gives how many attempts that took."""
        made = 0
        while self.parcels:
            attempt = self.parcels.pop(0)
            for _ in range(tries):
                made += 1
                if attempt():
                    break
            else:
                raise AssertionError(f"a parcel did not arrive in {tries} attempts")
        return made


class Office:
    """One office that has moved into the town: its key registered, its endpoint set, its simulator answering there.

    The stage closes it.
    """

    def __init__(self, stage: Stage, agency: str) -> None:
        self.agency = agency
        folder = stage.folder / agency
        folder.mkdir()
        identity = agency_identity(agency)
        (folder / "key.pem").write_bytes(identity.key_pem)
        certificate = identity.certificate.public_bytes(serialization.Encoding.PEM)
        (folder / "certificate.pem").write_bytes(certificate)
        (folder / "hub.pem").write_bytes(stage.settings.signing_certificate_file.read_bytes())
        config = {"agency": agency, "hub": stage.door.url, "hub_certificate": "hub.pem"}
        (folder / "config.json").write_text(json.dumps(config))
        around = Surroundings(clock=stage.clock, elapsed=time.monotonic, new_id=lambda: str(uuid4()))
        peer = PEERS[agency](folder, load_config(folder, agency), around)
        assert isinstance(peer, RecommendationPeer)
        self.peer = peer
        self.held = peer.courier = Held()
        self._client = TestClient(peer.app)
        stage.enrol(agency)
        stage.endpoint(agency, f"{stage.street.url}/{agency}")
        stage.town.always[agency] = self._answer
        stage.offices[agency] = self

    def control(self, name: str, **said: object) -> None:
        """What a person sets at `/_control/<name>`."""
        answer = self._client.post(f"/_control/{name}", json=said)
        assert answer.status_code == 200, answer.text

    def failures(self) -> list[str]:
        """Why the hub did not acknowledge answers, oldest first."""
        return [each["text"] for each in self.peer.journal.entries("answer-failed")]

    def close(self) -> None:
        self._client.close()
        self.peer.stop()

    def _answer(self, call: Call) -> Told:
        path = call.path.removeprefix(f"/{self.agency}") or "/"
        headers = {name: call.headers[name] for name in _REPEATED if name in call.headers}
        told = self._client.post(path, content=call.body, headers=headers)
        said = {name: told.headers[name] for name in _REPEATED if name in told.headers}
        return Told(status=told.status_code, body=told.content, headers=said)
