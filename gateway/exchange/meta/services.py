"""Which meta-services there are, and what each reads before it answers. One for the process; safe to share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from gateway.contract.message import Payload, Transport
from gateway.dialect.profiles import WSS_X509
from gateway.domain.calendar import local_date
from gateway.exchange.directory import Directory
from gateway.exchange.meta.echo import echo
from gateway.exchange.meta.inquiry import JWS, PATH, PREFIX, Answers, Asked, Explains, MetaInquiry, unexplained
from gateway.exchange.meta.standing import Kept, Standing


class MetaServices:
    """The meta-services. `explain` adds findings to the refusals of an echo (None: nothing is added)."""

    def __init__(self, *, directory: Directory, clock: Callable[[], datetime], explain: Explains = unexplained) -> None:
        self._directory = directory
        self._clock = clock
        answers: Mapping[str, Answers] = {"echo": self._echo}
        explains = {"echo": explain}
        self._declared = {
            (each.name, each.security): each
            for name, answer in answers.items()
            for each in _declared(name, answer, explains.get(name, unexplained))
        }

    def served(self, agency: str, name: str, transport: Transport) -> MetaInquiry | None:
        """The meta-service at an address: `meta/<name>` over REST, `meta.<name>` over SOAP."""
        if agency not in self._directory.adapters:
            return None
        if transport.is_soap:
            return self._declared.get((name, WSS_X509))
        return self._declared.get((f"{PREFIX}{name.removeprefix(PATH)}", JWS)) if name.startswith(PATH) else None

    def all(self) -> tuple[MetaInquiry, ...]:
        """Every meta-service, once for each security profile."""
        return tuple(self._declared.values())

    # --- what each reads --------------------------------------------------------------------------------------------

    def _echo(self, asked: Asked) -> Payload:
        fingerprint = asked.proven.actor.removeprefix("certificate/")
        certificates = self._directory.party(asked.agency).certificates
        proved = next(each for each in certificates if each.fingerprint == fingerprint)
        return echo(asked, proved, self._standing(asked), self._clock())

    def _standing(self, asked: Asked) -> Standing:
        today = local_date(asked.at)
        return Standing(
            kept=tuple(Kept(row=row, agreement=said) for row, said in self._directory.agreements(asked.agency)),
            in_force=self._directory.active_agreement(asked.agency, today),
            suspended=self._directory.suspension(asked.agency),
            on=today,
        )


def _declared(name: str, answer: Answers, explain: Explains) -> tuple[MetaInquiry, ...]:
    return tuple(
        MetaInquiry(
            name=f"{PREFIX}{name}",
            path=f"{PATH}{name}",
            security=security,
            request=f"simojo/meta-{name}/1.0/request",
            reply=f"simojo/meta-{name}/1.0/reply",
            answer=answer,
            explain=explain,
        )
        for security in (JWS, WSS_X509)
    )
