"""The certified signature (Pasal 13): where an active agreement serves it, its service signs and not the hub's own key.

The official gives the PIN, which shows that it is them, and what the service knows their key by: a passphrase or a
TOTP. The hub checks delegation and PIN, records the request and holds the secret, sealed, until it has been sent; the
service's answer signs the case, or the case returns to where the official can try again. Without such an agreement
nothing of this is asked, and the hub signs by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.casework.desk import Casework
from gateway.domain import events as e
from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase, Stage
from gateway.domain.errors import CaseRefusal
from gateway.domain.events import SecondFactor, SigningMethod
from gateway.domain.identifiers import NIK
from gateway.office.deeds import Step
from gateway.office.staff import Officer
from gateway.store.plan import Update

HELD_FOR = timedelta(minutes=10)
"""How long a request may wait for its service; what was not sent by then is not sent any more."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the official gave besides the PIN. Its repr does not show it."""

    factor: SecondFactor
    secret: str = field(repr=False)


class Certified:
    """Asks the service. Its questions are answered for a case as it stands."""

    def __init__(self, casework: Casework) -> None:
        self._casework = casework

    def serves(self, case: PermitCase, at: datetime) -> bool:
        """Whether this document is signed electronically and an active agreement serves its certified signature."""
        electronic = case.signing is SigningMethod.ELECTRONIC
        return electronic and self._casework.routes.serves(e.SignDocument, case.service, local_date(at))

    def require_answered(self, case: PermitCase) -> None:
        """Refuse a case whose signature is under way. Raises CaseRefusal `signature-under-way`."""
        asked = case.signature_asked
        if case.stage is Stage.SIGNING and asked is not None:
            raise CaseRefusal(
                f"the certified signature of case {case.id} is under way: look at the case again in a moment; at the "
                f"latest a little after {asked.expires_at.isoformat(timespec='minutes')} it may be asked for anew",
                code="signature-under-way",
                clause="Pasal 13",
            )

    def check_signer(self, case: PermitCase, officer: Officer, challenge: str, at: datetime) -> e.CheckSigner | None:
        """What to ask when an official asks for the PIN of a signature; None where no service signs.

        Raises CaseRefusal `signer-nik-missing`.
        """
        if not self.serves(case, at):
            return None
        return e.CheckSigner(challenge=challenge, signer_nik=_nik(officer))

    def require_given(self, case: PermitCase, officer: Officer, given: Given | None, at: datetime) -> Given | None:
        """What the official has to give for this document: None where no service signs.

        Raises CaseRefusal `passphrase-missing`, `passphrase-not-needed`, `signer-nik-missing`.
        """
        if not self.serves(case, at):
            if given is not None:
                raise CaseRefusal(
                    "no active agreement serves the certified signature now: leave passphrase and TOTP away, and the "
                    "hub signs with the office's own key",
                    code="passphrase-not-needed",
                    clause="Pasal 13",
                )
            return None
        _nik(officer)
        if given is None:
            raise CaseRefusal(
                "the certified service signs this document: give your passphrase or TOTP with the PIN",
                code="passphrase-missing",
                clause="Pasal 13",
            )
        return given

    def request(
        self,
        case: PermitCase,
        officer: Officer,
        given: Given,
        challenge: str,
        delegation: str,
        used: Update,
        at: datetime,
        *,
        check_url: str,
    ) -> Step:
        """Ask for the signature: the fact, the Ask, the used PIN and the held secret, as one step.

        `check_url` is where the permit can be checked once it is signed.
        """
        sha256, expires_at = case.document_sha256 or "", at + HELD_FOR
        fact = e.SignatureRequested(
            signer=officer.name,
            signer_nip=officer.nip or "",
            delegation=delegation,
            document_sha256=sha256,
            challenge=challenge,
            expires_at=expires_at,
            signer_title=officer.title,
            check_url=check_url,
        )
        ask = e.SignDocument(challenge=challenge, document_sha256=sha256, signer_nik=_nik(officer), factor=given.factor)
        held = self._casework.vault.secrets.hold(challenge, given.secret, expires_at)
        return Step(facts=[fact], asks=[ask], changes=[used, *held])


def _nik(officer: Officer) -> NIK:
    if officer.nik is None:
        raise CaseRefusal(
            f"the certified service knows {officer.name} by a NIK, and none is registered: `simojo staff nik` sets it",
            code="signer-nik-missing",
            clause="Pasal 13",
        )
    return officer.nik
