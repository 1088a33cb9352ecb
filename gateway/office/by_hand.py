"""What is done on paper and entered afterwards: an office's letter, a signature in ink.

recommend   an agency recommends by letter: one that no agreement integrates (Pasal 21(1): it may be integrated), or one
            that could not be asked
choose_ink  this document is signed in ink, since the official's delegation does not cover electronic signing (13(5))
sign_ink    the printed sheet was signed in ink (13(5), 16(2)): the number comes into force

A signature in ink has no PIN, so no single account brings a permit into force by one: the signer, who printed the sheet
or chose ink, and who enters the signed sheet are not the same person.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from gateway.casework.desk import Casework
from gateway.domain import events as e
from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase
from gateway.domain.errors import CaseRefusal
from gateway.domain.events import RequestRecommendation, SigningMethod
from gateway.office.deeds import Deeds, Step
from gateway.office.staff import Officer
from gateway.store.tables.outbox import CANCELLED


class PaperDeeds:
    """Deeds whose original is paper. `verify_url` makes the address a permit's QR leads to."""

    def __init__(self, *, deeds: Deeds, casework: Casework, verify_url: Callable[[str], str]) -> None:
        self._deeds = deeds
        self._casework = casework
        self._verify_url = verify_url

    def recommend(self, case_id: str, officer: Officer, letter: e.RecommendationGiven) -> PermitCase:
        """Enter an agency's letter (11(3)d). The first recommendation of an agency counts.

        Raises CaseRefusal `agency-integrated` where the agency answers for this service by its own system and staff
        have not given up asking it, `letter-date`, `recommendation-not-asked`, `recommendation-already-given`.
        """

        def step(case: PermitCase, at: datetime) -> Step:
            today, since = local_date(at), local_date(case.registered_at)
            if not since <= letter.on <= today:
                raise CaseRefusal(
                    f"the letter is dated {letter.on}: one about this application is from {since} to {today}; enter "
                    "the date that it bears",
                    code="letter-date",
                    clause="Pasal 11(3)d",
                )
            if self._is_asked(case, letter.agency, today):
                raise CaseRefusal(
                    f"{letter.agency} recommends for {case.service} through its agreement: wait for its answer. Where "
                    f"there is none to be had, cancel what it was asked (`simojo delivery list --agency "
                    f"{letter.agency}`) and enter the letter then",
                    code="agency-integrated",
                    clause="Pasal 21",
                )
            return Step(facts=[letter])

        return self._deeds.do(case_id, officer.actor, step)

    def choose_ink(self, case_id: str, officer: Officer, signer: Officer, reason: str) -> PermitCase:
        """Let this document be signed in ink by that official, whatever its type says; it is laid out anew.

        Raises CaseRefusal `ink-not-needed` where the official may sign electronically, `signing-method` where it is to
        be signed in ink already, and what `Officer.require_delegation` raises.
        """

        def step(_case: PermitCase, at: datetime) -> Step:
            delegation = signer.require_delegation(local_date(at), SigningMethod.WET)
            if signer.delegation_electronic:
                raise CaseRefusal(
                    f"delegation {delegation} of {signer.name} covers electronic signing: sign with a PIN, or name the "
                    "official whose delegation does not",
                    code="ink-not-needed",
                    clause="Pasal 13(5)",
                )
            chosen = e.SigningMethodChosen(
                officer=officer.name, method=SigningMethod.WET, reason=reason, signer=signer.id
            )
            return Step(facts=[chosen])

        return self._deeds.do(case_id, officer.actor, step)

    def sign_ink(self, case_id: str, officer: Officer, signer: Officer, scan_sha256: str) -> PermitCase:
        """Record that `signer` signed the printed sheet today, and let the number come into force.

        `scan_sha256`: the digest (hex) of the scanned sheet.

        Raises CaseRefusal `document-missing`, `signing-method` for a document that is signed electronically,
        `step-not-allowed` before the sheet is printed, `other-signatory` for an official whose name is not on the
        sheet, `same-officer`, and what `Officer.require_delegation` raises for the signer.
        """

        def step(case: PermitCase, at: datetime) -> Step:
            delegation = signer.require_delegation(local_date(at), SigningMethod.WET)
            if case.document_sha256 is None or case.reserved_number is None:
                raise CaseRefusal(f"case {case.id} has no prepared document: prepare it first", code="document-missing")
            self._require_hands(case, officer, signer)
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

    def _is_asked(self, case: PermitCase, agency: str, today: date) -> bool:
        """Whether the agency's own system is asked for its recommendation, and staff have not given that up."""
        if self._casework.routes.serving(RequestRecommendation(agency=agency), case.service, today) is None:
            return False
        asked = (
            row
            for row in self._casework.reader.deliveries(case_id=case.id)
            if (row.agency, row.ask_kind) == (agency, RequestRecommendation.__name__)
        )
        last = next(asked, None)
        return last is None or last.state != CANCELLED

    def _require_hands(self, case: PermitCase, officer: Officer, signer: Officer) -> None:
        """Raise unless the sheet names this signer, and who enters it neither signed, printed it nor chose ink."""
        laid_out = self._casework.last(case.id, e.DocumentPrepared)
        if laid_out is not None and laid_out.fact.signatory not in ("", signer.name):
            raise CaseRefusal(
                f"the sheet names {laid_out.fact.signatory}, and not {signer.name}: prepare and print it anew for the "
                "official who signs",
                code="other-signatory",
                clause="Pasal 13(4)",
            )
        before = (self._casework.last(case.id, kind) for kind in (e.DocumentPrinted, e.SigningMethodChosen))
        if officer.actor in {signer.actor, *(each.actor for each in before if each is not None)}:
            raise CaseRefusal(
                "who signed the sheet, printed it or chose ink does not enter it too: let a colleague compare sheet "
                "and scan, and enter it",
                code="same-officer",
                clause="Pasal 13(4)",
            )
