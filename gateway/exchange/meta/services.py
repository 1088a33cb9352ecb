"""Which meta-services there are, and what each reads before it answers. One for the process; safe to share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime

from gateway.contract.adapter import Adapter, Mailbox, Outbound
from gateway.contract.differences import speaks_to_us
from gateway.contract.message import Payload, Transport
from gateway.dialect.profiles import WSS_X509
from gateway.domain.calendar import local_date
from gateway.domain.errors import Misconfigured
from gateway.exchange.directory import Directory
from gateway.exchange.mailbox.services import MailboxServices
from gateway.exchange.meta.agreements import agreements
from gateway.exchange.meta.allowed import Addresses, allowed
from gateway.exchange.meta.documents import documents
from gateway.exchange.meta.echo import echo
from gateway.exchange.meta.inquiry import JWS, PATH, PREFIX, Answers, Asked, Explains, MetaInquiry, unexplained
from gateway.exchange.meta.receipt import Receipts, receipt
from gateway.exchange.meta.reconcile import Reconciles, asked_of, reconciled
from gateway.exchange.meta.standing import Kept, Standing
from gateway.exchange.meta.status import FromAgency, ToAgency, status
from gateway.exchange.published import Published
from gateway.exchange.records import IN
from gateway.store.reading import Reader
from gateway.store.tables import ExchangeRow
from gateway.validation.library import SchemaLibrary


class MetaServices:
    """The meta-services, and the documents that describe what an agency exchanges.

    `explain` adds findings to the refusals of an echo; `receipts` makes the receipt of an exchange,
    `reconciles` compares lists; `public_url` is the hub's own, without a slash at its end.
    """

    def __init__(
        self,
        *,
        directory: Directory,
        mailboxes: MailboxServices,
        reader: Reader,
        library: SchemaLibrary,
        receipts: Receipts,
        reconciles: Reconciles,
        public_url: str,
        clock: Callable[[], datetime],
        explain: Explains = unexplained,
    ) -> None:
        self._directory = directory
        self._reader = reader
        self._receipts = receipts
        self._reconciles = reconciles
        self._public_url = public_url
        self._clock = clock
        answers: Mapping[str, Answers] = {
            "echo": self._echo,
            "allowed": self._allowed,
            "agreements": self._agreements,
            "status": self._status,
            "receipt": self._receipt,
            "documents": self._documents,
            "reconcile": self._reconcile,
        }
        explains = {"echo": explain}
        self._declared = {
            (each.name, each.security): each
            for name, answer in answers.items()
            for each in _declared(name, answer, explains.get(name, unexplained))
        }
        self.published = Published(
            directory=directory, meta=self.all(), mailboxes=mailboxes, library=library, public_url=public_url
        )

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

    def _allowed(self, asked: Asked) -> Payload:
        adapter = self._directory.adapters[asked.agency]
        addresses = Addresses(public_url=self._public_url, theirs=dict(self._theirs(adapter, asked.at)))
        return allowed(asked, adapter, self._standing(asked), addresses, self.all())

    def _agreements(self, asked: Asked) -> Payload:
        return agreements(asked, self._standing(asked))

    def _status(self, asked: Asked) -> Payload:
        return status(tuple(self._messages(asked)))

    def _receipt(self, asked: Asked) -> Payload:
        return receipt(self._exchange(asked), self._receipts)

    def _documents(self, asked: Asked) -> Payload:
        return documents(asked, self.published.all(asked.agency, asked.at))

    def _reconcile(self, asked: Asked) -> Payload:
        head, lines = self._reconciles(asked_of(asked, hashlib.sha256(asked.message.body).hexdigest()))
        return reconciled(head, lines)

    # --- reads ------------------------------------------------------------------------------------------------------

    def _standing(self, asked: Asked) -> Standing:
        today = local_date(asked.at)
        return Standing(
            kept=tuple(Kept(row=row, agreement=said) for row, said in self._directory.agreements(asked.agency)),
            in_force=self._directory.active_agreement(asked.agency, today),
            suspended=self._directory.suspension(asked.agency),
            on=today,
            coming=self._directory.coming(asked.agency, today),
        )

    def _theirs(self, adapter: Adapter, at: datetime) -> Iterator[tuple[str, str]]:
        """Where we call the agency, for each interaction in force whose endpoint staff have set."""
        entry = self._directory.current(adapter.agency.id)
        for each in self._directory.in_force(entry, local_date(at)):
            if (isinstance(each, Outbound) or not speaks_to_us(each)) and not isinstance(each, Mailbox):
                with suppress(Misconfigured):
                    yield each.name, self._directory.endpoint(adapter.agency.id, each, entry)

    def _messages(self, asked: Asked) -> Iterator[FromAgency | ToAgency]:
        message_id, exchange = _named(asked)
        received = self._reader.exchange(exchange) if exchange else self._received(asked.agency, message_id)
        if received is not None and (received.agency, received.direction) == (asked.agency, IN):
            yield FromAgency(row=received, leaves=self._reader.leaves_of_exchange(received.id))
        sent = self._reader.delivery(exchange) if exchange else None
        if message_id:
            sent = self._reader.delivery_by_message(asked.agency, message_id)
        if sent is not None and sent.agency == asked.agency:
            leaves = self._reader.leaves_of_exchange(sent.id)
            yield ToAgency(row=sent, attempts=self._reader.attempts(sent.id), leaves=leaves)

    def _exchange(self, asked: Asked) -> ExchangeRow | None:
        """The exchange that is named, if it is the agency's own; its own message before one of ours."""
        message_id, exchange = _named(asked)
        found = self._reader.exchange(exchange) if exchange else self._received(asked.agency, message_id)
        if found is None and message_id:
            sent = self._reader.delivery_by_message(asked.agency, message_id)
            found = self._reader.exchange(sent.id) if sent is not None else None
        return found if found is not None and found.agency == asked.agency else None

    def _received(self, agency: str, message_id: str) -> ExchangeRow | None:
        return self._reader.exchange_by_message(IN, agency, message_id)


def _named(asked: Asked) -> tuple[str, str]:
    """The message id and the exchange of a question, one of them empty."""
    return str(asked.payload.get("messageId", "")), str(asked.payload.get("exchange", ""))


_REPLIES: Mapping[str, str] = {"allowed": "1.1"}
"""Versions of replies that are not the first."""


def _declared(name: str, answer: Answers, explain: Explains) -> tuple[MetaInquiry, ...]:
    return tuple(
        MetaInquiry(
            name=f"{PREFIX}{name}",
            path=f"{PATH}{name}",
            security=security,
            request=f"simojo/meta-{name}/1.0/request",
            reply=f"simojo/meta-{name}/{_REPLIES.get(name, '1.0')}/reply",
            answer=answer,
            explain=explain,
        )
        for security in (JWS, WSS_X509)
    )
