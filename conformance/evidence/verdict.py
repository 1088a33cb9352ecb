"""An evidence bundle, judged from the outside in. Each step rests on those before it.

1. container   every file is what the manifest says
2. signature   the manifest is what the hub signed; by whom, if a certificate is given to hold it against
3. receipts    each exchange, and the case, is in a ledger that its key signed; one ledger for all, by more than one
               key after a roll-over; with the lines of witnesses and the timestamps that the caller can judge
4. bytes       each part that is there is what the ledger committed to when it was said
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance.evidence.container import Opened, open_container
from conformance.evidence.faults import EvidenceBroken, NoEvidence, OtherKey
from conformance.evidence.receipts import verify_receipt
from conformance.evidence.signature import Signed, verify_detached
from conformance.receipts.judge import NOTHING, Trusted
from conformance.receipts.judge import Verdict as Proven


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a bundle proves. `is_pinned`: certificate and ledger keys are those that the caller trusts.

    `ledger_keys` are those that its receipts are of. `witnesses` have co-signed all its receipts, by keys of the
    caller; `stamped` of its receipts have a timestamp that the caller's authority confirms; `not_judged` names who else
    vouches for one of them, in words.
    """

    subject: str
    signed: Signed
    ledger_keys: tuple[str, ...]
    witnesses: tuple[str, ...]
    stamped: int
    not_judged: tuple[str, ...]
    exchanges: int
    parts: int
    leaves: int
    is_masked: bool
    erased: tuple[str, ...]
    is_pinned: bool

    def sentences(self) -> tuple[str, ...]:
        """The verdict for people: Indonesian, then English."""
        who = self.signed.certificate.subject.rfc4514_string()
        at = self.signed.at.isoformat()
        counted = f"{self.exchanges} pertukaran, {self.leaves} entri buku catatan, {self.parts} bagian cocok per bita"
        in_english = f"{self.exchanges} exchanges, {self.leaves} ledger entries, {self.parts} parts match byte for byte"
        lines = [
            f"UTUH: bukti {self.subject} asli dan tidak berubah sejak ditandatangani {who} pada {at}.",
            f"WHOLE: the evidence of {self.subject} is what {who} signed at {at}.",
            f"  {counted} / {in_english}",
        ]
        if self.is_masked:
            lines.append("  disamarkan: tanpa bita asli / masked: without exact bytes")
        if self.erased:
            lines.append(f"  data telah dihapus / erased: {', '.join(self.erased)}")
        if self.witnesses:
            named = ", ".join(self.witnesses)
            lines.append(f"  ikut ditandatangani saksi / co-signed by the witnesses: {named}")
        if self.stamped:
            lines.append(f"  cap waktu dipastikan pada {self.stamped} receipt / timestamps confirmed: {self.stamped}")
        if self.not_judged:
            named = ", ".join(self.not_judged)
            lines.append(
                f"  ikut ditandatangani {named}: tidak dinilai, kuncinya tidak diberikan / co-signed by {named}: not"
                " judged, no key given (--witness, --tsa)"
            )
        if not self.is_pinned:
            keys = ", ".join(self.ledger_keys)
            lines.append(
                "  PERHATIAN: penandatangan belum dibandingkan dengan yang Anda percayai / NOTE: the signer was not"
                f" held against one that you trust: certificate {self.signed.fingerprint}, ledger {keys}"
            )
        return tuple(lines)


def judge(
    path: Path,
    trusted: Trusted = NOTHING,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> Verdict:
    """Judge a bundle, as the module says; `trusted.certificate` is that of its signer.

    Raises EvidenceBroken, NoEvidence, or OtherKey for one that is whole but for the ledger's key.
    """
    # 1
    opened = open_container(path, progress)
    with opened.zip:
        # 2
        signed = verify_detached(opened.signature, opened.manifest)
        if trusted.certificate is not None and signed.fingerprint != trusted.certificate:
            raise EvidenceBroken("ditandatangani oleh pihak lain", f"it was signed by another: {signed.fingerprint}")
        said = _said(opened)
        # 3 and 4
        # the bundle's signer may have another certificate by now than a receipt names
        proven, parts = _judged(opened, said, replace(trusted, certificate=None))
    if len({each.checkpoint.origin for each in proven}) != 1:
        raise EvidenceBroken("berasal dari buku catatan yang berbeda", "its receipts are not all of one ledger")
    keys = tuple(sorted({each.verifier for each in proven}))
    case = said["case"]
    return Verdict(
        subject=str(said["subject"]),
        signed=signed,
        ledger_keys=keys,
        witnesses=_in_all(proven),
        stamped=sum(each.stamp is not None and each.stamp.is_judged for each in proven),
        not_judged=_not_judged(proven),
        exchanges=len(said["exchanges"]),
        parts=parts,
        leaves=sum(len(each.leaves) for each in proven),
        is_masked=bool(said["masked"]),
        erased=(
            *(str(each["id"]) for each in said["exchanges"] if each["erased"]),
            *((str(case["id"]),) if case and case["erased"] else ()),
        ),
        is_pinned=trusted.certificate is not None and bool(trusted.keys),
    )


def _said(opened: Opened) -> Mapping[str, Any]:
    try:
        said: Mapping[str, Any] = json.loads(opened.read("evidence.json"))
        if (said["format"], said["version"]) != ("simojo-evidence", 1):
            raise NoEvidence(f"it is of the form {said['format']!r} {said['version']!r}, which is not read here")
    except (ValueError, KeyError, TypeError) as fault:
        raise NoEvidence(f"its evidence.json cannot be read: {fault}") from None
    return said


def _in_all(proven: Sequence[Proven]) -> tuple[str, ...]:
    named = [{line.name for line in each.witnessed.judged} for each in proven]
    return tuple(sorted(set.intersection(*named)))


def _not_judged(proven: Sequence[Proven]) -> tuple[str, ...]:
    names = {line.name for each in proven for line in each.witnessed.others}
    has_stamp = any(each.has_timestamp and not (each.stamp is not None and each.stamp.is_judged) for each in proven)
    return (*sorted(names), *(("cap waktu RFC 3161 / an RFC 3161 timestamp",) if has_stamp else ()))


def _judged(opened: Opened, said: Mapping[str, Any], trusted: Trusted) -> tuple[list[Proven], int]:
    try:
        return _proven(opened, said, trusted)
    except OtherKey:
        _proven(opened, said, replace(trusted, keys=()))  # what is broken is said first: no key mends that
        raise


def _proven(opened: Opened, said: Mapping[str, Any], trusted: Trusted) -> tuple[list[Proven], int]:
    """All receipts, judged, and how many parts were held against them."""
    found, count = [], 0
    told = [
        (each["id"], each["receipt"], {part["name"]: part["file"] for part in each["parts"]})
        for each in said["exchanges"]
    ]
    if said["case"]:
        facts = {each["part"]: each["file"] for each in said["case"]["facts"]}
        told.append((said["case"]["id"], said["case"]["receipt"], facts))
    for exchange, receipt, files in told:
        digests = {name: _digest(opened, file) for name, file in files.items() if file is not None}
        found.append(verify_receipt(opened.read(receipt), exchange, digests, receipt, trusted))
        count += len(digests)
    for each in (said["case"] or {}).get("documents", ()):
        if each["file"] is not None:
            count += 1
            if _digest(opened, each["file"]).hex() != each["sha256"]:
                raise EvidenceBroken(f"dokumen {each['file']} berbeda", f"{each['file']} is not the document it says")
    return found, count


def _digest(opened: Opened, file: str) -> bytes:
    """The digest of a file, as the manifest has it and step 1 has held it."""
    if file not in opened.digests:
        raise EvidenceBroken(f"berkas {file} hilang", f"{file} is missing")
    return opened.digests[file]
