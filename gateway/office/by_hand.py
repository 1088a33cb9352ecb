"""What is done on paper and entered afterwards: an office's letter, a signature in ink.

recommend   an agency that no agreement integrates recommends by letter (Pasal 21(1): it may be integrated)
choose_ink  this document is signed in ink, since the official's delegation does not cover electronic signing (13(5))
sign_ink    the printed sheet was signed in ink (13(5), 16(2)): the number comes into force

Each is recorded by whoever enters it; the ledger keeps that person apart from the one who signed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gateway.casework.desk import Casework
from gateway.domain import events as e
from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase
from gateway.domain.errors import CaseRefusal
from gateway.domain.events import RequestRecommendation, SigningMethod
from gateway.office.deeds import Deeds, Step
from gateway.office.staff import Officer


class PaperDeeds:
    """Deeds whose original is paper. `verify_url` makes the address a permit's QR leads to."""

    def __init__(self, *, deeds: Deeds, casework: Casework, verify_url: Callable[[str], str]) -> None:
        self._deeds = deeds
        self._casework = casework
        self._verify_url = verify_url

    def recommend(self, case_id: str, officer: Officer, letter: e.RecommendationGiven) -> PermitCase:
        """Enter an agency's letter (11(3)d). The first recommendation of an agency counts.

        Raises CaseRefusal `agency-integrated` where the agency answers for this service by its own system,
        `letter-from-tomorrow`, `recommendation-not-asked`, `recommendation-already-given`.
        """

        def step(case: PermitCase, at: datetime) -> Step:
            today = local_date(at)
            if letter.on > today:
                raise CaseRefusal(
                    f"the letter is dated {letter.on}, and today is {today}: enter the date that it bears",
                    code="letter-from-tomorrow",
                    clause="Pasal 11(3)d",
                )
            if self._casework.routes.serving(RequestRecommendation(agency=letter.agency), case.service, today):
                raise CaseRefusal(
                    f"{letter.agency} recommends for {case.service} through its agreement: wait for its answer, or see "
                    f"`simojo delivery list --agency {letter.agency}`",
                    code="agency-integrated",
                    clause="Pasal 21",
                )
            return Step(facts=[letter])

        return self._deeds.do(case_id, officer.actor, step)

    def choose_ink(self, case_id: str, officer: Officer, reason: str) -> PermitCase:
        """Let this document be signed in ink, whatever its type says. Raises CaseRefusal `signing-method`."""
        chosen = e.SigningMethodChosen(officer=officer.name, method=SigningMethod.WET, reason=reason)
        return self._deeds.record(case_id, officer.actor, chosen)

    def sign_ink(self, case_id: str, officer: Officer, signer: Officer, scan_sha256: str) -> PermitCase:
        """Record that `signer` signed the printed sheet today, and let the number come into force.

        `scan_sha256`: the digest (hex) of the scanned sheet, empty where it was not scanned.

        Raises CaseRefusal `document-missing`, `signing-method` for a document that is signed electronically,
        `step-not-allowed` before the sheet is printed, and what `Officer.require_delegation` raises for the signer.
        """

        def step(case: PermitCase, at: datetime) -> Step:
            delegation = signer.require_delegation(local_date(at), SigningMethod.WET)
            if case.document_sha256 is None or case.reserved_number is None:
                raise CaseRefusal(f"case {case.id} has no prepared document: prepare it first", code="document-missing")
            signed = e.DocumentSigned(
                signer=signer.name,
                signer_nip=signer.nip or "",
                delegation=delegation,
                method=SigningMethod.WET,
                document_sha256=case.document_sha256,
                sha256=scan_sha256,
                signer_title=signer.title,
            )
            number = case.reserved_number
            return Step(facts=[signed, e.NumberActivated(number=number, check_url=self._verify_url(number))])

        return self._deeds.do(case_id, officer.actor, step)
