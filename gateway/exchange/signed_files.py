"""Signed files that an answer brings: held against the document that was sent, then kept with the case.

An answer that says a document is signed brings the file that proves it. The file is checked before anything is
believed of the answer; one that is no signed form of our document is for a person, and its bytes are kept all the
same, as a part of the exchange.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from gateway.casework.documents import SIGNED, digest_of, keep
from gateway.contract.adapter import Accept, AskPerson, Effect, Heard
from gateway.domain.case import PermitCase
from gateway.domain.events import DocumentSigned, SigningMethod
from gateway.store.plan import Change
from gateway.store.reading import Reader
from gateway.trust.pdf_signature import why_no_signed_form


def checked(heard: Heard, case: PermitCase, reader: Reader) -> Heard:
    """What a mapping made of an answer; a person is asked instead where the answer proves no signature."""
    if isinstance(heard, Accept):
        for effect in heard.effects:
            why = _why_not(effect, case, reader)
            if why is not None:
                return AskPerson(
                    text=f"The answer is no signed form of the document that was sent: {why}. Look at the stored reply "
                    "and ask the service; the official may sign again."
                )
    return heard


def kept(effects: Iterable[Effect], case_id: str, at: datetime, reader: Reader) -> Iterator[Change]:
    """The changes that keep what `checked` let pass."""
    for effect in effects:
        for each in effect.signed:
            if reader.document(case_id, digest_of(each.body)) is None:
                yield keep(case_id, SIGNED, each.body, at)


def _why_not(effect: Effect, case: PermitCase, reader: Reader) -> str | None:
    said = {
        (each.document_sha256, each.sha256)
        for each in effect.events
        if isinstance(each, DocumentSigned) and each.method is SigningMethod.ELECTRONIC
    }
    brought = {(each.of, digest_of(each.body)): each.body for each in effect.signed}
    if said != brought.keys():
        return "the files that it brings are not those that it says are signed"
    for (of, _), body in brought.items():
        document = reader.document(case.id, of) if effect.case == case.id else None
        if document is None:
            return f"this case has no document {of[:64]}"
        why = why_no_signed_form(document.body, body)
        if why is not None:
            return why
    return None
