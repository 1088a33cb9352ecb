"""The record of one case as it stands in the office's file: mapped, minimised, validated and written."""

from __future__ import annotations

from gateway.contract.adapter import Batch
from gateway.domain.case import PermitCase
from gateway.domain.errors import MappingFault
from gateway.exchange.directory import Terms
from gateway.exchange.mapping import Mapping
from gateway.validation.library import SchemaLibrary
from gateway.validation.minimise import excess
from gateway.validation.record_files import MAX_RECORD_BYTES, RecordForm, form_of


def form_under(terms: Terms, form: str, library: SchemaLibrary) -> RecordForm:
    """How a file of that form is written under the agreement."""
    return form_of(form, list(library.json(terms.interaction.request).schema.get("properties", {})))


def record_of(terms: Terms, case: PermitCase, form: RecordForm, library: SchemaLibrary) -> bytes | None:
    """The record of a case; None for a case that is not in the file.

    Raises MappingFault where the mapping raises or what it makes is not what was agreed, and our own errors that a
    mapping raises.
    """
    declared = terms.interaction
    if not isinstance(declared, Batch) or declared.to_agency is None:
        raise MappingFault(f"{terms.name} is no file of the office any more", clause="adapter")
    with Mapping(terms.name):
        said = declared.to_agency(case)
    if said is None:
        return None
    record, document = form.as_read(said), library.json(declared.request)
    if violations := document.check(record):
        raise MappingFault(
            f"the adapter {terms.name} made a record that breaks {document.id} at {violations[0].path or '/'}",
            clause="adapter",
        )
    if beyond := excess(document, record, terms.agreed.personal.fields):
        raise MappingFault(
            f"the adapter {terms.name} sends personal data beyond the agreement: {beyond[0].path}",
            code="own-personal-data-excess",
            clause=f"{terms.reference} personal_data",
        )
    try:
        row = form.row(record)
    except ValueError as unfit:
        raise MappingFault(f"the record cannot be written in this form: {unfit}", clause="adapter") from unfit
    if len(row) > MAX_RECORD_BYTES:
        raise MappingFault(
            f"the record has {len(row)} bytes, at most {MAX_RECORD_BYTES} are agreed for each", clause="adapter"
        )
    return row
