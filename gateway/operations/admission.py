"""Which certificates of agencies are admitted at all: their chain to a configured authority, and its word about them.

Without configured authorities every certificate is, on the strength of its registration by staff.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from gateway.domain.errors import Refused
from gateway.operations.status_sources import StatusSources
from gateway.trust.certificates import RevocationMode
from gateway.trust.chains import build_chain
from gateway.trust.keys import fingerprint
from gateway.trust.revocation import Word


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """A certificate's chain (empty without authorities), and what authorities said of each link by its fingerprint.

    In place of a word stands the reason why none was had.
    """

    chain: tuple[x509.Certificate, ...] = ()
    words: dict[str, Word | str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The rule. `sources` makes what asks authorities."""

    authorities: tuple[x509.Certificate, ...] = ()
    mode: RevocationMode = RevocationMode.OFF
    sources: Callable[[], StatusSources] | None = None

    def admit(self, certificate: x509.Certificate, given: Sequence[x509.Certificate], at: datetime) -> Admitted:
        """Follow the chain and ask about each link of it; `given` are certificates between.

        Raises Refused `certificate-chain`; `certificate-revoked`; in hard mode `certificate-status-unknown`, after
        which the same may be tried again.
        """
        if not self.authorities:
            return Admitted()
        above = build_chain(certificate, given, self.authorities, at)
        if self.mode is RevocationMode.OFF or self.sources is None:
            return Admitted(chain=above)
        sources = self.sources()
        words: dict[str, Word | str] = {}
        for each, issuer in zip((certificate, *above), above, strict=False):
            try:
                word = sources.ask(each, issuer, at)
            except Refused as fault:
                text = f"whether {each.subject.rfc4514_string()} was revoked could not be learned: {fault.text}"
                if self.mode is RevocationMode.HARD:
                    raise Refused(
                        f"{text}; register it again once its source answers", code="certificate-status-unknown"
                    ) from fault
                words[fingerprint(each)] = fault.text[:1000]
                continue
            words[fingerprint(each)] = word
            if word.revoked_at is not None:
                raise Refused(
                    f"{each.subject.rfc4514_string()} was revoked by its issuer at {word.revoked_at.isoformat()}"
                    f"{f' ({word.reason})' if word.reason else ''}: have a new key certified",
                    code="certificate-revoked",
                )
        return Admitted(chain=above, words=words)
