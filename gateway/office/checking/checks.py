"""Checks of papers: by anybody on the public page, and by staff.

What the public does is counted for the health of the hub and kept nowhere. A difference that staff found is a leaf of
the ledger (22(1), 22(4)c): of which permit's case, and in which fields. What the paper said is not kept either.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from gateway.casework.desk import Casework
from gateway.domain.case import PermitCase
from gateway.domain.errors import CaseRefusal, Refused
from gateway.ledger.leaf import LeafKind
from gateway.office.checking.comparing import Compared, Field, compare, differences, normal_name
from gateway.office.checking.files import FileJudge, FileVerdict
from gateway.office.checking.stored import StoredPermit, find_permit, holder_of
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Plan
from gateway.store.unit_of_work import Writing
from gateway.trust.permit_statement import Statement, StatementKey, StatementVerifier, named_key, read_statement


class Code(StrEnum):
    """What the statement of a QR code turned out to be."""

    NONE = "none"
    GENUINE = "genuine"
    OTHER_PERMIT = "other-permit"
    """Signed by the office, for another number."""
    FORGED = "forged"
    INCOMPLETE = "incomplete"
    """Cut off or mistyped, so that nothing can be said."""
    UNJUDGED = "unjudged"
    """Of a key that once signed for the office, as far as the store knows, and whose public half the settings lack."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one look at a number gave. `differing` are fields in which a genuine statement and the store differ.

    `holder_unjudged`: the statement was signed with a key of which only the public half is known, and who its holder
    is can be told with the secret one alone.
    """

    permit: StoredPermit | None
    code: Code
    statement: Statement | None = None
    differing: tuple[Field, ...] = ()
    holder_unjudged: bool = False
    is_erased: bool = False
    """Whether there was such a permit, of which nothing is kept any more."""


class Tally:
    """How many checks this process did since it started, and how many found a difference. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def count(self, what: str, *, differs: bool) -> None:
        """Count one check."""
        with self._lock:
            self._counts[what] += 1
            self._counts[f"{what}Differing"] += differs

    def counts(self) -> dict[str, int]:
        """The counts by name: `looks`, `comparisons`, `files`, each with `...Differing`."""
        with self._lock:
            names = ("looks", "comparisons", "files")
            return {name: self._counts[name] for each in names for name in (each, f"{each}Differing")}


@dataclass(frozen=True, kw_only=True)
class PaperChecks:
    """The deeds. `key` signs statements; what `previous` and the public keys `earlier` signed is still good.

    `missing` says which earlier keys the settings lack, a sentence; "" when none.
    """

    casework: Casework
    unit_of_work: Writing
    key: StatementKey
    files: FileJudge
    clock: Callable[[], datetime]
    previous: StatementKey | None = None
    earlier: Sequence[StatementVerifier] = ()
    missing: Callable[[], str] = lambda: ""
    tally: Tally = field(default_factory=Tally)

    def statement(self, case: PermitCase, day: date) -> str:
        """Sign what the QR code says of a case that has its number."""
        number = case.reserved_number or ""
        holder = self.key.holder(number, normal_name(holder_of(case)))
        return self.key.sign(Statement(number=number, service=case.service, day=day, holder=holder))

    def look(self, number: str, statement: str = "") -> Look:
        """Look a number up, with what its QR code said, if it said anything."""
        permit, is_erased = self._find(number)
        code, said = self._read(statement, permit, number)
        differing: tuple[Field, ...] = ()
        signer = None
        if permit and said and code is Code.GENUINE:
            signer = self._signer(statement)
            differing = _differing(permit, said, signer)
        self.tally.count("looks", differs=bool(differing) or code in (Code.OTHER_PERMIT, Code.FORGED))
        return Look(
            permit=permit,
            code=code,
            statement=said,
            differing=differing,
            holder_unjudged=permit is not None and code is Code.GENUINE and signer is None,
            is_erased=is_erased,
        )

    def _find(self, number: str) -> tuple[StoredPermit | None, bool]:
        try:
            return find_permit(self.casework, number), False
        except Refused as gone:
            if gone.code != "erased":
                raise
            return None, True

    def compare(self, permit: StoredPermit, said: Mapping[Field, str]) -> tuple[Compared, ...]:
        """Compare what a person reads from a paper."""
        compared = compare(permit, said)
        self.tally.count("comparisons", differs=bool(differences(compared)))
        return compared

    def judge(self, permit: StoredPermit, body: bytes) -> FileVerdict:
        """Judge a file. Raises HubBusy `pdf-reader-missing`."""
        verdict = self.files.judge(permit, body, self.clock())
        self.tally.count("files", differs=verdict.differs)
        return verdict

    def found_by_staff(self, number: str, said: Mapping[Field, str], actor: str) -> tuple[Compared, ...]:
        """Compare for staff; a difference becomes a leaf, which names the case and the fields.

        Raises CaseRefusal `permit-unknown`, Refused `paper-says-nothing`.
        """
        permit = find_permit(self.casework, number)
        if permit is None:
            raise CaseRefusal(
                f"no permit has the number {number[:64]!r}: it is not SIMOJO's, or was mistyped",
                code="permit-unknown",
                clause="Pasal 22(4)c",
            )
        compared = compare(permit, said)
        if not compared:
            raise Refused("fill in at least one field that the paper shows", code="paper-says-nothing")
        if found := differences(compared):
            prepared_again(lambda: self._record(permit, found, actor))
        return compared

    @property
    def verifiers(self) -> tuple[StatementVerifier, ...]:
        """The public keys whose statements are good, the present one first."""
        own = [each.verifier for each in self._secret]
        return tuple(dict.fromkeys((*own, *self.earlier)))

    @property
    def _secret(self) -> tuple[StatementKey, ...]:
        return (self.key,) if self.previous is None else (self.key, self.previous)

    def _signer(self, statement: str) -> StatementKey | None:
        """The key that signed a statement which is genuine; None where only its public half is known."""
        named = named_key(statement)
        return next((each for each in self._secret if each.verifier.key_id == named), None)

    def _record(self, permit: StoredPermit, found: Sequence[Field], actor: str) -> None:
        leaf = self.casework.leaves.make(
            LeafKind.STAFF,
            at=self.clock(),
            actor=actor,
            exchange=permit.case_id,
            case_id=permit.case_id,
            extra={"step": "paper-differs", "fields": ",".join(each.value for each in found)},
        )
        commit(self.unit_of_work, Plan.of(leaf.row))

    def _read(self, text: str, permit: StoredPermit | None, number: str) -> tuple[Code, Statement | None]:
        if not text:
            return Code.NONE, None
        try:
            said = read_statement(text, self.verifiers)
        except Refused as refusal:
            match refusal.code:
                case "statement-malformed":
                    return Code.INCOMPLETE, None
                case "statement-key-unknown" if self._signed_once(permit, named_key(text).hex()):
                    return Code.UNJUDGED, None
            return Code.FORGED, None
        return (Code.GENUINE if said.number == (permit.number if permit else number) else Code.OTHER_PERMIT), said

    def _signed_once(self, permit: StoredPermit | None, named: str) -> bool:
        """Whether a key that is not in the settings may have been the office's.

        What a permit's document was signed with, its case says. Where that is not kept, or no permit is found, it may
        be any key that the settings lack.
        """
        if permit is not None and permit.code_key:
            return permit.code_key == named
        return bool(self.missing())


def _differing(permit: StoredPermit, said: Statement, signer: StatementKey | None) -> tuple[Field, ...]:
    stored = None if signer is None else signer.holder(permit.number, normal_name(permit.holder))
    found = {
        Field.DAY: permit.day is not None and said.day != permit.day,
        Field.SERVICE: said.service != permit.service,
        Field.HOLDER: stored is not None and said.holder != stored,
    }
    return tuple(each for each, differs in found.items() if differs)
