"""Cases that wait for a signature, and Dewi, who gives PIN and passphrase for a certified one."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import date
from functools import cache
from itertools import count

from gateway.casework.documents import PREPARED, digest_of, keep
from gateway.domain import events as e
from gateway.domain.case import PermitCase
from gateway.domain.events import SecondFactor
from gateway.office.certified import Given
from gateway.office.signing import PinStep
from gateway.store.plan import Committed, Plan
from gateway.store.tables import DeliveryRow
from gateway.store.tables.outbox import SENDABLE
from tests.exchange.stage import DEWI, RINA, Stage, application
from tests.exchange.town import Answer, Call, Told, says, signed
from tests.office.papers.people import permit

PASSPHRASE = "kata sandi Dewi 7Q"
_numbers = count(1)


@cache
def document(which: str = "001") -> bytes:
    """A permit that is laid out and not signed."""
    return permit(url=f"https://simojo.example/periksa/{which}")


def prepared(stage: Stage) -> PermitCase:
    """A case whose document waits for its signature; nobody has told the agencies of anything yet."""
    stage.clock.advance(seconds=1)  # as fast as agreed, and no faster
    return laid_out(stage, stage.hub.deeds.register(application(), RINA))


def laid_out(stage: Stage, case: PermitCase) -> PermitCase:
    """A case that was just opened, as it stands when its document waits for its signature."""
    number, pdf = next(_numbers), document()
    facts = (
        e.ResidentVerified(name_score=100),
        e.ApplicationCompleted(acknowledgement_number=f"{number:06}/TT/2026"),
        e.AdministrationVerified(officer="Rina Contoh"),
        e.AdministrationValidated(officer="Agus Contoh"),
        e.RecommendationGiven(agency="dpupr", favourable=True, number="d/1", on=date(2026, 3, 2), by="Ahli Contoh"),
        e.ApplicationApproved(officer="Dewi Contoh", challenge="c-1"),
        e.NumberReserved(number=f"{number:03}/KRK/III/2026"),
        e.DocumentPrepared(sha256=digest_of(pdf)),
    )
    stage.hub.deeds.record(case.id, RINA.actor, *facts)
    kept = keep(stage.hub.store.vault.case_seal(case.id), PREPARED, pdf, stage.clock())
    assert stage.hub.store.unit_of_work.commit(Plan.of(kept)) == Committed()
    return stage.case(case.id)


def released(stage: Stage, case: PermitCase, secret: str = PASSPHRASE, factor: str = "passphrase") -> str:
    """Dewi gives her PIN and her passphrase; gives the challenge."""
    stage.clock.advance(seconds=1)
    challenge = stage.hub.signing.ask_pin(case.id, DEWI, PinStep.SIGN).id
    pin = stage.hub.store.master.pin(challenge)
    stage.hub.signing.sign(case.id, DEWI, challenge, pin, Given(factor=SecondFactor(factor), secret=secret))
    return challenge


def send(stage: Stage, case: PermitCase) -> None:
    """Send what is due to BSrE about a case: what is to be said to others may wait."""
    rows = stage.hub.store.reader.deliveries(case_id=case.id, limit=100)
    for row in sorted(rows, key=lambda each: each.position):
        if row.agency == "bsre" and row.state in SENDABLE and row.due_at <= stage.clock():
            stage.hub.outbound.deliver(row.id)


def delivery(stage: Stage, case: PermitCase, interaction: str = "sign-pdf") -> DeliveryRow:
    """The newest delivery of a case to BSrE in that interaction."""
    rows = stage.hub.store.reader.deliveries(case_id=case.id, limit=100)
    return max((row for row in rows if row.interaction == interaction), key=lambda row: row.position)


def file(body: Callable[[], bytes]) -> Answer:
    """A service that answers with this file, made when it is asked."""

    def answer(call: Call) -> Told:
        return says({"file": [base64.b64encode(body()).decode()]})(call)

    return answer


def damaged() -> bytes:
    """The right file with a signature that does not fit."""
    body = bytearray(signed(document()))
    place = body.rindex(b"/ByteRange")
    body[place - 400] ^= 1
    return bytes(body)


def error(code: int, text: str = "gagal", status: int = 400) -> Answer:
    """A service that says no in its own way."""
    return says({"status_code": code, "error": text}, status)


def of_the_server(status: int) -> Answer:
    """What its server says by itself."""
    return says({"status": status, "error": "Error", "path": "/api/v2/sign/pdf"}, status)
