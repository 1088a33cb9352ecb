"""Papers of the office as pure functions: a case in, a PDF out, the same bytes for the same input."""
