"""Agreement files (TOML), and the canonical form that the store keeps."""

from __future__ import annotations

from functools import cache

from gateway.contract.agreement import canonical_bytes, from_canonical
from gateway.domain.errors import Misconfigured
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.fuzz.steps import Change, by, of_bytes
from tests.fuzz.target import Target

VALUES = (
    b"1", b"-1", b"0", b"1.5", b"inf", b"nan", b"9" * 5000, b"1e400", b"true", b'""', b"[]", b"{}", b'["*"]',
    b'"krk"', b"2026-01-01", b"2026-02-30", b"0001-01-01", b"9999-12-31", b"07:32:00", b"1979-05-27T00:32:00+23:59",
    b'"2026-01-01"', b'"10s"', b'"5MiB"', b'"same-id"', b'"rest"', b'"soap-1.1"', b'"query"', b'"3 hari kerja"',
    b"[" * 400 + b"]" * 400, b"{a = {a = {a = 1}}}", b'"\\ud800"', b'"\\u202e"', b'"\x7f"', b"'''\n'''",
    b'{ purpose = "x", fields = ["a", "a"] }', b'{ first = "1s", factor = 10, max = "1h", attempts = 100 }',
)  # fmt: skip
TOKENS = (
    *VALUES, b"[[interaction]]\n", b"[agreement]\n", b"[a.b.c]\n", b"a.b.c.d = 1\n", b".a" * 40, b"=",
    b"\n", b"#", b'"',
    b"'", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r", b"{", b"}", b"[", b"]", b"null",
)  # fmt: skip


def _value(data: bytes, a: int, b: int) -> bytes:
    """Give the key of a line another value."""
    lines = data.split(b"\n")
    at = a % len(lines)
    key, equals, _ = lines[at].partition(b"=")
    if equals:
        lines[at] = key + b"= " + VALUES[b % len(VALUES)]
    return b"\n".join(lines)


def _without_line(data: bytes, a: int, _b: int) -> bytes:
    lines = data.split(b"\n")
    del lines[a % len(lines)]
    return b"\n".join(lines)


def _line_elsewhere(data: bytes, a: int, b: int) -> bytes:
    """A line stands a second time, elsewhere."""
    lines = data.split(b"\n")
    lines.insert(b % len(lines), lines[a % len(lines)])
    return b"\n".join(lines)


CHANGES: tuple[Change, ...] = (
    _value, _value, _value, _without_line, _line_elsewhere, _line_elsewhere, *of_bytes(TOKENS)
)  # fmt: skip


@cache
def _seeds() -> tuple[bytes, ...]:
    files = tuple(text.encode() for text in packaged_agreements().values())
    return (*files * 3, *(canonical_bytes(read_agreement(each.decode())) for each in files))


def read(data: bytes) -> str:
    """Read a file, or (behind an opening brace) a stored form; what is accepted comes back from its stored form."""
    if data[:1] == b"{":
        from_canonical(data)
        return "stored form"
    agreement = read_agreement(data.decode("utf-8", "replace"))
    if from_canonical(canonical_bytes(agreement)) != agreement:
        raise AssertionError("the stored form says something else")
    return "file"


AGREEMENT = Target(
    name="agreement",
    what="`read_agreement` (TOML, schema, terms) and `from_canonical`",
    seeds=_seeds,
    change=by(CHANGES),
    steps=len(CHANGES),
    structured=6,
    read=read,
    refuses=Misconfigured,
    share=0.15,
)
