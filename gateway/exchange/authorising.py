"""Step 3 of an inbound message: what the active agreement says of it, whoever proved to have sent it (Pasal 21(2))."""

from __future__ import annotations

from cryptography import x509

from gateway.domain.errors import Malformed, Unauthorised
from gateway.exchange.directory import Directory, Terms
from gateway.exchange.entry import Entry
from gateway.exchange.identity import Seen
from gateway.exchange.mailbox.service import MailboxService, mailbox_spoken
from gateway.exchange.meta.inquiry import MetaInquiry, meta_terms
from gateway.exchange.spoken import Spoken, Telling, spoken_under
from gateway.store.reading import Reader


def spoken_for(directory: Directory, reader: Reader, telling: Telling, entry: Entry) -> Spoken:
    """The terms that a message is spoken under, by its sender's `entry`; or why there are none: `authorise` raises it.

    A service of the hub's own has one form, whatever is in force.
    """
    message = telling.message
    adapter = directory.adapters[message.agency]
    match telling.served:
        case MetaInquiry() as inquiry:
            return Spoken(terms=meta_terms(adapter, inquiry))
        case MailboxService() as service:
            return mailbox_spoken(adapter, service, entry, telling)
        case _:
            return spoken_under(telling, directory, reader, entry)


def authorise(seen: Seen) -> Terms:
    """Give the terms that cover a message.

    Raises Unauthorised `agreement-mismatch`, `encryption-missing` or why no agreement covers it; Malformed
    `body-too-large` for more than was agreed; Misconfigured `encryption-certificate-missing` where the answer
    could not be encrypted.
    """
    if isinstance(seen.terms, Unauthorised):
        raise seen.terms
    terms = seen.terms
    said = seen.proven.agreement
    if said is not None and said != terms.reference and seen.not_now is None:
        raise Unauthorised(
            f"the message names agreement {said[:80]!r}, in force is {terms.reference}",
            code="agreement-mismatch",
            clause=terms.reference,
        )
    if terms.agreed.confidential and seen.proven.plain is None:
        raise Unauthorised(
            f"the agreement calls {terms.interaction.name} confidential, and the message came in clear: encrypt it "
            "to the hub's certificate after signing",
            code="encryption-missing",
            clause=f"{terms.reference} confidential (Pasal 20 c)",
        )
    size = len(seen.message.body if seen.proven.plain is None else seen.proven.plain)
    if size > terms.agreed.max_size:
        raise Malformed(
            f"the body has {size} bytes, agreed are {terms.agreed.max_size}",
            code="body-too-large",
            clause=f"{terms.reference} max_size",
        )
    recipient(seen)
    return terms


def hold_to_version(seen: Seen) -> None:
    """Refuse what is new under terms that do not hold for it.

    Raises Unauthorised `version-superseded`, `version-not-yet` or, of an answer, `version-expected`.
    """
    if seen.not_now is not None:
        raise seen.not_now


def recipient(seen: Seen) -> x509.Certificate | None:
    """The certificate that the answer is encrypted to; None for one in clear.

    Raises Misconfigured `encryption-certificate-missing`.
    """
    return seen.party.recipient(seen.at, soap=seen.message.transport.is_soap) if seen.is_confidential else None
