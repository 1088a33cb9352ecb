"""What an explanation says: findings, in the order of the walk through a signed message.

A finding never lets anything in. It tells the sender of a message, or a technician of ours, which step failed, what
was expected there, what came, and what to change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.errors import Violation
from gateway.trust.diagnosis.difference import Difference, veiled
from gateway.trust.diagnosis.mistakes import REMEDIES, Mistake

MAX_TEXT = 600
"""Characters of one text of a finding; what a message says is shown no longer than that."""


UNRECOGNISED = "unrecognised"
"""The rule of a violation whose cause was not recognised; of a recognised one it is the mistake's name."""


class Step(StrEnum):
    """The steps of the walk, in its order. SOAP has no claims; REST has no parts and digests."""

    SHAPE = "shape"
    """The envelope, or the three parts of the JWS, can be read."""
    HEADER = "header"
    """There is one signature, where it has to stand, with all that belongs to it."""
    ALGORITHM = "algorithm"
    CERTIFICATE = "certificate"
    PARTS = "parts"
    """What the signature refers to is this message's, and all that has to be signed is."""
    DIGEST = "digest"
    """Each signed part has the digest that the signature names."""
    SIGNATURE = "signature"
    """The signature over SignedInfo, or over header and body, fits the named certificate's key."""
    CLAIMS = "claims"
    CLOCK = "clock"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one step found. `advice` says what to do, empty where the step passed.

    `mistake` is set where the cause was recognised: it was tried, and it gives what the sender sent. `difference`
    shows the hub's octets beside the sender's where the sender's are known. `masked` is `found` for whoever is not the
    sender: without the values of the message that stand in it.
    """

    step: Step
    passed: bool
    expected: str
    found: str
    advice: str = ""
    mistake: Mistake | None = None
    difference: Difference | None = None
    masked: str = ""


def good(step: Step, found: str, expected: str = "") -> Finding:
    """Give the finding of a step that passed."""
    return Finding(step=step, passed=True, expected=shown(expected), found=shown(found))


def bad(
    step: Step,
    *,
    expected: str,
    found: str,
    advice: str = "",
    mistake: Mistake | None = None,
    difference: Difference | None = None,
    quoted: Sequence[str] = (),
) -> Finding:
    """Give the finding of a step that failed; a recognised mistake brings its own advice.

    `quoted` are the values of the message that stand in `found`, letter by letter.
    """
    masked = found
    for each in sorted(filter(None, quoted), key=len, reverse=True):
        masked = masked.replace(each, veiled(each))
    said = " ".join(each for each in (REMEDIES[mistake] if mistake else "", advice) if each)
    return Finding(
        step=step,
        passed=False,
        expected=shown(expected),
        found=shown(found),
        advice=shown(said),
        mistake=mistake,
        difference=difference,
        masked=shown(masked),
    )


def not_opened() -> Finding:
    """Give the finding for a message that came encrypted.

    Explaining it would open it: whoever sends a copy of somebody's encrypted message would read what is in it.
    """
    return bad(
        Step.SHAPE,
        expected="a message in clear: an encrypted one is not opened to explain it",
        found="not tried: the message is encrypted",
        advice="send the same to the echo in clear: what is wrong with the signature shows there too",
    )


def shown(text: str) -> str:
    """Give a text as one printable line of bounded length: what a message says may be anything."""
    line = "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text[: MAX_TEXT + 1])
    return line if len(line) <= MAX_TEXT else f"{line[: MAX_TEXT - 3]}..."


def violations(findings: Iterable[Finding], *, masked: bool) -> tuple[Violation, ...]:
    """Give the failed findings as violations, as problems and faults carry them.

    `masked` hides values of the message, in what came and in the differences; only its own sender is shown them.
    """
    return tuple(
        Violation(
            path=str(each.step), rule=each.mistake.value if each.mistake else UNRECOGNISED, text=_told(each, masked)
        )
        for each in findings
        if not each.passed
    )


def _told(finding: Finding, masked: bool) -> str:
    parts = [f"expected: {finding.expected}", f"came: {finding.masked if masked else finding.found}"]
    if finding.advice:
        parts.append(f"do: {finding.advice}")
    if finding.difference is not None:
        parts.append("\n".join(finding.difference.lines(masked=masked)))
    return "\n".join(parts)
