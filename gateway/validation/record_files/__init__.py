"""Files of records, read as a stream: one record in memory, however large the file is.

csv     RFC 4180: commas, double quotes, a first line that names the columns, each a member of the record's schema;
        every value is text, and an empty cell is no member
jsonl   one JSON object on each line, read as strictly as a message is
xml     one element for each record below the root, whose children are its members: text by local name, no attribute
        and no further element in them; an empty one is no member

All are UTF-8. What a file holds is one of three: a record; a record that is none (`fault`), behind which the next one
is found all the same; or the place from which on nothing can be read (`BrokenFile`). Files are written by the same
rules (`form_of`): what is written is read back as it was.
"""

from __future__ import annotations

from gateway.validation.record_files.opening import FORMATS, open_records
from gateway.validation.record_files.records import BOM, MAX_RECORD_BYTES, BrokenFile, Place, ReadRecord
from gateway.validation.record_files.writing import RecordForm, form_of

__all__ = [
    "BOM",
    "FORMATS",
    "MAX_RECORD_BYTES",
    "BrokenFile",
    "Place",
    "ReadRecord",
    "RecordForm",
    "form_of",
    "open_records",
]
