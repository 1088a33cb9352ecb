"""Deeds that rest on a PIN (Pasal 13(3)): approval and signature; and the paper that is signed.

ask_pin   a challenge bound to person, case, step and digest; its PIN goes out by SMS and is stored nowhere
approve   penetapan persetujuan, with that PIN
decline   the official does not sign: the number is voided
prepare   a number is reserved and the document laid out: from now on its digest is what a PIN is bound to
sign      the delegation is valid today, the PIN fits, the PDF is signed, the number comes into force; where the
          certified service signs, it is asked to, and its answer does the rest (`gateway.office.certified`)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from gateway.casework.desk import Casework
from gateway.casework.documents import PREPARED, SIGNED, digest_of, keep
from gateway.domain import events as e
from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase
from gateway.domain.errors import CaseRefusal
from gateway.domain.events import SendPin, SigningMethod
from gateway.domain.identifiers import Phone
from gateway.domain.numbering import counter_scope, format_number
from gateway.office import pins
from gateway.office.certified import Certified, Given
from gateway.office.counters import next_number
from gateway.office.deeds import Deeds, Step
from gateway.office.papers.permit import permit_pdf
from gateway.office.staff import Officer, officer_of
from gateway.store.conflicts import prepared_again
from gateway.store.plan import Change, Insert, Plan, Update
from gateway.store.sealed_rows import sealed
from gateway.store.tables import PinChallengeRow
from gateway.trust.pdf_signature import SigningMaterial, sign_pdf
from gateway.trust.permit_statement import named_key

PIN_LIFE = timedelta(minutes=5)


class PinStep(StrEnum):
    """What a PIN may confirm."""

    APPROVE = "approve"
    SIGN = "sign"


_PURPOSE = {PinStep.APPROVE: "persetujuan permohonan", PinStep.SIGN: "penandatanganan dokumen"}


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """A PIN on its way: `phone` is shown in part, so that an officer knows which telephone to look at."""

    id: str
    phone: str
    expires_at: datetime


class SigningDeeds:
    """Deeds with a PIN. `pin` derives the PIN of a challenge; `verify_url` makes the address a permit's QR leads to.

    `statement` signs what the QR says of a case that has its number and the day on its document (Pasal 22(4)c).
    """

    def __init__(
        self,
        *,
        deeds: Deeds,
        casework: Casework,
        clock: Callable[[], datetime],
        pin: Callable[[str], str],
        material: SigningMaterial,
        verify_url: Callable[[str], str],
        statement: Callable[[PermitCase, date], str],
        signatory: Callable[[], Officer],
    ) -> None:
        self._deeds = deeds
        self._casework = casework
        self._clock = clock
        self._pin = pin
        self._material = material
        self._verify_url = verify_url
        self._statement = statement
        self._signatory = signatory
        self._certified = Certified(casework)

    def ask_pin(self, case_id: str, officer: Officer, step: PinStep) -> Challenge:
        """Send a PIN to the officer's registered telephone.

        Where the certified service is to sign, it is asked whether the officer can.

        Raises CaseRefusal `phone-missing`, `pin-no-route` (no active agreement with an SMS agency),
        `signature-under-way`, `signer-nik-missing`, and what `Officer.require_delegation` raises.
        """
        if officer.phone is None:
            raise CaseRefusal(
                f"no telephone is registered for {officer.name}: PINs go nowhere else",
                code="phone-missing",
                clause="Pasal 13(3)",
            )
        phone = Phone(officer.phone)

        def prepare() -> Challenge:
            steps = self._deeds.steps(officer.actor)
            case = steps.case(case_id)
            method = case.signing if step is PinStep.SIGN else SigningMethod.WET
            at = self._clock()
            officer.require_delegation(local_date(at), method)
            challenge = self._casework.new_id()
            expires_at = at + PIN_LIFE
            if steps.ask(case_id, SendPin(challenge=challenge, phone=phone, purpose=_PURPOSE[step])) is None:
                raise CaseRefusal(
                    "no active agreement with an SMS agency: a PIN cannot be sent",
                    code="pin-no-route",
                    clause="Pasal 13(3)",
                )
            if step is PinStep.SIGN:
                self._certified.require_answered(case)
                about = self._certified.check_signer(case, officer, challenge, at)
                if about is not None:
                    steps.ask(case_id, about)
            bound = pins.Bound(person=officer.id, case_id=case_id, step=step.value, digest=_digest(case, step))
            row = pins.new_challenge(challenge, bound, phone, expires_at)
            kept = sealed(self._casework.vault, PinChallengeRow, row, row, case_id=case_id, at=at)
            self._deeds.finish(steps.plan() + kept.plan + Plan.of(Insert(PinChallengeRow, kept.values)))
            return Challenge(id=challenge, phone=f"...{phone[-3:]}", expires_at=expires_at)

        return prepared_again(prepare)

    def approve(self, case_id: str, officer: Officer, challenge: str, pin: str) -> PermitCase:
        """Penetapan persetujuan (11(3)e), by an official with a delegation (13(4)).

        Raises what `Officer.require_delegation` and, for a PIN that does not fit, `gateway.office.pins` raise.
        """

        def step(case: PermitCase, at: datetime) -> Step:
            officer.require_delegation(local_date(at), SigningMethod.WET)  # any valid one: nothing is signed yet
            used = self._use_pin(case, officer, PinStep.APPROVE, challenge, pin, at)
            return Step(facts=[e.ApplicationApproved(officer=officer.name, challenge=challenge)], changes=[used])

        return self._deeds.do(case_id, officer.actor, step)

    def prepare(self, case_id: str, officer: Officer) -> PermitCase:
        """Reserve the number and lay the document out, with the number and the signing official on it.

        A document with a number is laid out anew under the same one.
        """

        def step(case: PermitCase, at: datetime) -> Step:
            day = local_date(at)
            facts: list[e.CaseEvent] = []
            changes: list[Change] = []
            number, laid_out = case.reserved_number, case
            if number is None:
                scope = counter_scope(case.number_template, case.service, day)
                sequence, taken = next_number(self._casework.reader, scope)
                number = format_number(case.number_template, sequence, case.service, day)
                reserved = e.NumberReserved(number=number)
                laid_out = case.apply(reserved, at)
                facts, changes = [reserved], [taken]
            signatory = self._ink_signer(case) or self._signatory()
            statement = self._statement(laid_out, day)
            pdf = permit_pdf(
                laid_out,
                verify_url=self._verify_url(number),
                statement=statement,
                issued_on=day,
                signatory=signatory,
            )
            code_key = named_key(statement).hex()
            prepared = e.DocumentPrepared(sha256=digest_of(pdf), signatory=signatory.name, code_key=code_key)
            if self._casework.reader.document(case.id, prepared.sha256) is None:
                changes.append(keep(self._casework.vault.case_seal(case.id), PREPARED, pdf, at))
            return Step(facts=[*facts, prepared], changes=changes)

        return self._deeds.do(case_id, officer.actor, step)

    def _ink_signer(self, case: PermitCase) -> Officer | None:
        """The official for whom ink was chosen; None for a document whose type says how it is signed."""
        chosen = self._casework.last(case.id, e.SigningMethodChosen)
        if chosen is None or not chosen.fact.signer or case.signing is not SigningMethod.WET:
            return None
        row = self._casework.reader.staff(chosen.fact.signer)
        return None if row is None else officer_of(row)

    def sign(self, case_id: str, officer: Officer, challenge: str, pin: str, given: Given | None = None) -> PermitCase:
        """Pengesahan (11(3)h, 13): sign the prepared PDF and let the number come into force.

        Where the certified service signs, the case that this gives waits for its answer (stage `signing`).

        Raises CaseRefusal, besides what `approve` raises: `document-missing`, `signature-under-way`,
        `passphrase-missing`, `passphrase-not-needed`, `signer-nik-missing`.
        """

        def step(case: PermitCase, at: datetime) -> Step:
            self._certified.require_answered(case)
            delegation = officer.require_delegation(local_date(at), case.signing)
            needed = self._certified.require_given(case, officer, given, at)
            used = self._use_pin(case, officer, PinStep.SIGN, challenge, pin, at)
            row = self._casework.reader.document(case.id, case.document_sha256 or "")
            if row is None or case.document_sha256 is None or case.reserved_number is None:
                raise CaseRefusal(f"case {case.id} has no prepared document: prepare it first", code="document-missing")
            number = case.reserved_number
            check_url = self._verify_url(number)
            if needed is not None:
                return self._certified.request(
                    case, officer, needed, challenge, delegation, used, at, check_url=check_url
                )
            signed = sign_pdf(
                row.body,
                self._material,
                name=officer.name,
                reason=f"Pengesahan {case.service_name} {number}",
                location="Kota Mojokerto",
                signed_at=at,
            )
            fact = e.DocumentSigned(
                signer=officer.name,
                signer_nip=officer.nip or "",
                delegation=delegation,
                method=SigningMethod.ELECTRONIC,
                document_sha256=case.document_sha256,
                sha256=digest_of(signed),
                challenge=challenge,
                signer_title=officer.title,
            )
            active = e.NumberActivated(number=number, check_url=check_url)
            return Step(
                facts=[fact, active], changes=[used, keep(self._casework.vault.case_seal(case.id), SIGNED, signed, at)]
            )

        return self._deeds.do(case_id, officer.actor, step)

    def decline(self, case_id: str, officer: Officer, reason: str) -> PermitCase:
        """The official declines to sign: the reserved number is voided and stays on record (13(4)).

        Raises what `Officer.require_delegation` raises: whoever may not sign may not decline either.
        """

        def step(_case: PermitCase, at: datetime) -> Step:
            # a delegation for wet ink alone is a reason to decline an electronic signature, not a hindrance
            officer.require_delegation(local_date(at), SigningMethod.WET)
            return Step(facts=[e.SignatureDeclined(signer=officer.name, reason=reason)])

        return self._deeds.do(case_id, officer.actor, step)

    def _use_pin(
        self, case: PermitCase, officer: Officer, step: PinStep, challenge: str, pin: str, at: datetime
    ) -> Update:
        """Check a PIN and give the change that uses it up. A wrong one is counted at once, in a commit of its own."""
        row = self._casework.reader.pin_challenge(challenge)
        bound = pins.Bound(person=officer.id, case_id=case.id, step=step.value, digest=_digest(case, step))
        outcome = pins.check(row, pin, bound=bound, expected=self._pin(challenge), at=at)
        if isinstance(outcome, pins.Wrong):
            counted = Update(PinChallengeRow, {"id": challenge}, {"wrong": outcome.before}, {"wrong": outcome.wrong})
            self._deeds.finish(Plan.of(counted))
            raise outcome.refusal
        return Update(PinChallengeRow, {"id": challenge}, {"used_at": None}, {"used_at": at})


def _digest(case: PermitCase, step: PinStep) -> str:
    """What a PIN is bound to: the prepared document for a signature, the application as it stands for an approval."""
    if step is PinStep.SIGN:
        if case.document_sha256 is None:
            raise CaseRefusal(
                f"case {case.id} has no prepared document: prepare it first", code="document-missing", clause="Pasal 13"
            )
        return case.document_sha256
    shown = f"{case.id}\x00{case.applicant}\x00{case.site}\x00{case.recommendations}"
    return hashlib.sha256(shown.encode()).hexdigest()


def signatory_among(officers: Iterable[Officer], on: date) -> Officer:
    """The first official whose delegation is valid that day: whose name stands under papers.

    Raises CaseRefusal `delegation-missing` or `delegation-expired` when there is none (13(4)).
    """
    refusal = CaseRefusal(
        "no official has a delegation to sign: register one", code="delegation-missing", clause="Pasal 13(4)"
    )
    for officer in officers:
        try:
            officer.require_delegation(on, SigningMethod.WET)
        except CaseRefusal as found:
            if found.code == "delegation-expired":
                refusal = found
            continue
        return officer
    raise refusal
