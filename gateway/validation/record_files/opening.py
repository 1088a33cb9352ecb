"""A file of records opened by its form."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gateway.validation.record_files.lines import csv_rows, json_lines
from gateway.validation.record_files.records import Place, ReadRecord, Source
from gateway.validation.record_files.xml_records import xml_records

FORMATS = ("csv", "jsonl", "xml")


def open_records(form: str, source: Source, begin: Place, members: Collection[str]) -> Iterator[ReadRecord]:
    """The records of a file of that form behind `begin`; `members` are those of the record's schema, in its order.

    XML gives those before `begin` too, for it can only be read from its beginning.

    Raises BrokenFile on the way, when nothing can be read any more; ValueError for another form.
    """
    match form:
        case "csv":
            return csv_rows(source, begin, members)
        case "jsonl":
            return json_lines(source, begin)
        case "xml":
            return xml_records(source)
        case _:
            raise ValueError(f"no form of a file is called {form!r}")
