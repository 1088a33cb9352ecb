"""A result as staff see it, personal values masked: all of it, or the lines of which they should know."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from itertools import islice

from gateway.contract.adapter import Batch
from gateway.contract.message import Payload
from gateway.domain.errors import Refused
from gateway.exchange.batch.documents import OUT, RESULT, RESULTS
from gateway.exchange.batch.hands import buffered
from gateway.exchange.batch.pieces import Pieces
from gateway.exchange.batch.results import Outcome, columns_of, result_form, rows_text
from gateway.exchange.directory import Directory
from gateway.store.reading import Reader
from gateway.store.tables import BatchRow
from gateway.validation.library import SchemaLibrary
from gateway.validation.minimise import mask

QUIET: tuple[str, ...] = (Outcome.ACCEPTED.value,)
"""Outcomes of the office's own file of which staff need not know."""

PORTION = 500
"""Lines that are written at a time."""


def telling_lines(
    row: BatchRow, reader: Reader, directory: Directory, library: SchemaLibrary, *, skip: int = 0, limit: int = 50
) -> list[Payload]:
    """The lines behind the first `skip` of them: number, keys, outcome and why, as the agency reads them.

    The result is read from its beginning, as a stream. Raises Refused `batch-not-served` where no adapter knows its
    form any more.
    """
    document, quiet = _form(row, directory)
    schema = library.json(document)
    telling = (each for each in _rows(row, reader) if each.get("outcome") not in quiet)
    return [mask(schema, each) for each in islice(telling, skip, skip + limit)]


def masked_result(row: BatchRow, reader: Reader, directory: Directory, library: SchemaLibrary) -> Iterator[bytes]:
    """All lines of a result in the form that it has, a portion at a time. Raises as `telling_lines` does."""
    document, _ = _form(row, directory)
    schema = library.json(document)
    columns, rows, first = columns_of(schema.schema), _rows(row, reader), True
    while portion := [mask(schema, each) for each in islice(rows, PORTION)]:
        yield rows_text(row.format, portion, columns, first=first)
        first = False


def _form(row: BatchRow, directory: Directory) -> tuple[str, tuple[str, ...]]:
    """The document of a line, and the outcomes that staff need not know of."""
    if row.direction == OUT:
        return RESULT, QUIET
    declared = directory.declared_of(row.agency, row.interaction, row.agreement, row.agreement_version)
    if not isinstance(declared, Batch):
        raise Refused(
            f"no adapter serves {row.agency}/{row.interaction} in {row.agreement} {row.agreement_version}, and nobody "
            f"knows what in it is personal: `simojo batch result {row.id} --unmasked --reason ...` writes it as it is",
            code="batch-not-served",
        )
    return declared.result, declared.quiet


def _rows(row: BatchRow, reader: Reader) -> Iterator[Payload]:
    source = buffered(Pieces(reader, row.id, RESULTS, row.result_size))
    if result_form(row.format).name == "jsonl":
        yield from (json.loads(line) for line in source)
        return
    for each in csv.DictReader(io.TextIOWrapper(source, encoding="utf-8", newline="")):
        yield {name: int(value) if name == "number" else value for name, value in each.items() if value}
