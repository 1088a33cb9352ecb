"""A verdict in words: what is proven and what is not, in Indonesian and in English, and as data for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from conformance.receipts.damage import Damaged
from conformance.receipts.judge import Verdict
from conformance.receipts.witnessing import Cosigned
from conformance.receipts.words import DAMAGE, KINDS, WORDS

INDONESIAN, ENGLISH = "id", "en"
LANGUAGES = (INDONESIAN, ENGLISH)
PROVEN, CONSISTENT, DAMAGED, DIFFERS = "proven", "consistent", "damaged", "differs"
_WIB = timezone(timedelta(hours=7))


@dataclass(frozen=True)
class Account:
    """A headline, and the sentences of what is proven and of what is not."""

    headline: str
    proven: tuple[str, ...]
    not_proven: tuple[str, ...]


def outcome(verdict: Verdict | Damaged) -> str:
    """`proven` by a trusted key; `consistent`: it agrees with itself, its key came with it; `damaged`.

    `differs`: what was given beside it is not what it speaks of.
    """
    if isinstance(verdict, Damaged):
        return DIFFERS if verdict.given else DAMAGED
    return PROVEN if verdict.trusted else CONSISTENT


def wib(at: datetime) -> str:
    """An instant as officers read it, in western Indonesian time."""
    return f"{at.astimezone(_WIB):%d-%m-%Y %H:%M:%S} WIB"


def account(verdict: Verdict | Damaged, language: str) -> Account:
    """Say a verdict in this language."""
    words = WORDS[language]
    if isinstance(verdict, Damaged):
        meaning = DAMAGE[language][verdict.code]
        return Account(
            words[outcome(verdict)], (), (f"{meaning} [{verdict.code}]", words["detail"].format(detail=verdict))
        )
    headline = words[outcome(verdict)].format(exchange=verdict.exchange, origin=verdict.checkpoint.origin)
    return Account(headline, tuple(_proven(verdict, language)), tuple(_not_proven(verdict, words)))


def data_of(verdict: Verdict | Damaged) -> dict[str, Any]:
    """The verdict for programs; times are UTC in ISO 8601, `text` has the account in both languages."""
    said: dict[str, Any] = {"outcome": outcome(verdict)}
    if isinstance(verdict, Damaged):
        said |= {"code": verdict.code, "where": verdict.where, "detail": verdict.detail}
    else:
        carried = verdict.certificate
        said |= {
            "exchange": verdict.exchange,
            "trusted": verdict.trusted,
            "verifier": verdict.verifier,
            "verifierInReceipt": verdict.named,
            "checkpoint": {
                "origin": verdict.checkpoint.origin,
                "size": verdict.checkpoint.size,
                "root": verdict.checkpoint.root.hex(),
            },
            "leaves": [
                {
                    "index": index,
                    "kind": leaf.kind,
                    "at": leaf.at.isoformat(),
                    "agreement": leaf.agreement,
                    "parts": sorted(leaf.commitments),
                }
                for index, leaf in sorted(verdict.leaves.items())
            ],
            "parts": {
                "opened": list(verdict.opened),
                "notGiven": list(verdict.closed),
                "withoutSalt": list(verdict.sealed),
            },
            "witnesses": {
                "judged": [_line(each) for each in verdict.witnessed.judged],
                "notJudged": [_line(each) for each in verdict.witnessed.others],
            },
            "timestamp": _stamp(verdict),
            "certificate": {
                "sha256": carried.sha256,
                "subject": carried.subject,
                "notBefore": carried.not_before.astimezone(UTC).isoformat(),
                "notAfter": carried.not_after.astimezone(UTC).isoformat(),
                "trusted": verdict.certificate_trusted,
            },
        }
    return said | {"text": {language: _as_data(account(verdict, language)) for language in LANGUAGES}}


def _proven(verdict: Verdict, language: str) -> list[str]:
    words, kinds = WORDS[language], KINDS[language]
    said = [
        words["leaf"].format(index=index, kind=kinds.get(leaf.kind, leaf.kind), at=wib(leaf.at))
        for index, leaf in sorted(verdict.leaves.items())
    ]
    said.append(words["tree"].format(size=verdict.checkpoint.size, root=verdict.checkpoint.root.hex()))
    said += [words["opened"].format(part=part) for part in verdict.opened]
    if verdict.certificate_trusted:
        said.append(words["certificate-same"])
    said += [words["witness"].format(name=each.name, at=_at(each.at, words)) for each in verdict.witnessed.judged]
    if verdict.stamp is not None and verdict.stamp.is_judged:
        said.append(words["stamp"].format(at=wib(verdict.stamp.at)))
    return said


def _not_proven(verdict: Verdict, words: Mapping[str, str]) -> list[str]:
    said: list[str] = []
    tell: Callable[[str], None] = said.append
    if not verdict.trusted:
        tell(words["key"].format(verifier=verdict.verifier))
    if verdict.named != verdict.verifier:
        tell(words["other-key"].format(named=verdict.named[:160], verifier=verdict.verifier))
    if verdict.closed:
        tell(words["closed"].format(parts=", ".join(verdict.closed)))
    if verdict.sealed:
        tell(words["sealed"].format(parts=", ".join(verdict.sealed)))
    carried = verdict.certificate
    valid = f"{wib(carried.not_before)} - {wib(carried.not_after)}"
    tell(words["certificate"].format(sha256=carried.sha256, subject=carried.subject, valid=valid))
    for each in verdict.witnessed.others:
        tell(words["cosigned"].format(name=each.name, at=_at(each.at, words)))
    if verdict.has_timestamp and not (verdict.stamp is not None and verdict.stamp.is_judged):
        tell(words["stamped"].format(at=_at(verdict.stamp.at if verdict.stamp else None, words)))
    tell(words["clock"])
    if not verdict.witnessed.judged:
        tell(words["fork"])
    return said


def _at(at: datetime | None, words: Mapping[str, str]) -> str:
    return words["no-time"] if at is None else wib(at)


def _line(said: Cosigned) -> dict[str, Any]:
    return {"witness": said.name, "at": None if said.at is None else said.at.isoformat()}


def _stamp(verdict: Verdict) -> dict[str, Any] | None:
    if not verdict.has_timestamp:
        return None
    stamp = verdict.stamp
    at = None if stamp is None else stamp.at.astimezone(UTC).isoformat()
    return {"at": at, "judged": stamp is not None and stamp.is_judged}


def _as_data(said: Account) -> dict[str, Any]:
    return {"headline": said.headline, "proven": list(said.proven), "notProven": list(said.not_proven)}
