"""Signed files that an answer brings: held against the document that was sent, then kept with the case.

An answer that says a document is signed brings the file that proves it. The file is checked before anything is
believed of the answer; one that is no signed form of our document, or is signed by nobody whom the office's
authorities vouch for, is for a person, and its bytes are kept all the same, as a part of the exchange.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from gateway.casework.documents import SIGNED, digest_of, keep
from gateway.contract.adapter import Accept, AskPerson, Effect, Heard
from gateway.domain.case import PermitCase
from gateway.domain.events import DocumentSigned, SigningMethod
from gateway.store.plan import Change
from gateway.store.reading import Reader
from gateway.store.vault import Vault
from gateway.trust.pdf_signature import why_no_signed_form, why_no_trusted_signer

_ADVICE = "Periksa jawaban yang tersimpan dan tanyakan kepada penyelenggara; pejabat dapat menandatangani lagi."


@dataclass(frozen=True, kw_only=True)
class SignedFiles:
    """Judges what answers bring. `authorities` vouch for signers; none: whose certificate signed is not judged."""

    reader: Reader
    authorities: Sequence[x509.Certificate] = ()

    def checked(self, heard: Heard, case: PermitCase, at: datetime) -> Heard:
        """What a mapping made of an answer; a person is asked instead where the answer proves no signature."""
        if isinstance(heard, Accept):
            for effect in heard.effects:
                why = _why_not(effect, case, self.reader) or self._why_not_trusted(effect, at)
                if why is not None:
                    return AskPerson(text=f"{why}. {_ADVICE}")
        return heard

    def _why_not_trusted(self, effect: Effect, at: datetime) -> str | None:
        for each in effect.signed if self.authorities else ():
            why = why_no_trusted_signer(each.body, self.authorities, at)
            if why is not None:
                return f"Sertifikat penanda tangan tidak berasal dari otoritas dalam SIMOJO_SIGNER_CA_FILE ({why})"
        return None


def kept(effects: Iterable[Effect], case_id: str, at: datetime, reader: Reader, vault: Vault) -> Iterator[Change]:
    """The changes that keep what `SignedFiles` let pass."""
    for effect in effects:
        for each in effect.signed:
            if reader.document(case_id, digest_of(each.body)) is None:
                yield keep(vault.case_seal(case_id), SIGNED, each.body, at)


def _why_not(effect: Effect, case: PermitCase, reader: Reader) -> str | None:
    why = _why_no_form(effect, case, reader)
    return None if why is None else f"Jawaban ini bukan dokumen terkirim yang ditandatangani ({why})"


def _why_no_form(effect: Effect, case: PermitCase, reader: Reader) -> str | None:
    said = {
        (each.document_sha256, each.sha256)
        for each in effect.events
        if isinstance(each, DocumentSigned) and each.method is SigningMethod.ELECTRONIC
    }
    brought = {(each.of, digest_of(each.body)): each.body for each in effect.signed}
    if said != brought.keys():
        return "berkas yang dibawa bukan yang disebut telah ditandatangani"
    for (of, _), body in brought.items():
        document = reader.document(case.id, of) if effect.case == case.id else None
        if document is None:
            return f"perkara ini tidak punya dokumen {of[:64]}"
        why = why_no_signed_form(document.body, body)
        if why is not None:
            return why
    return None
