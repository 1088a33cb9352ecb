"""Column types that mean the same on every engine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Stored in UTC, read back aware; a naive value is refused, since nobody knows what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse naive instants and store the rest in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a stored instant needs a time zone, got {value.isoformat()}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """SQLite gives naive values back: they are UTC."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


def as_bytes(value: Any) -> Any:
    """The bytes of text that stands where bytes belong; everything else as it is."""
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value


class Blob(TypeDecorator[bytes]):
    """Bytes. SQLite keeps text in such a column if somebody puts it there: read as its bytes, which are then others."""

    impl = LargeBinary
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give bytes, so that whoever holds them to a hash finds the damage."""
        found: bytes | None = as_bytes(value)
        return found


Serial: Any = BigInteger().with_variant(Integer, "sqlite")
"""An automatic 64-bit key; SQLite only counts by itself on a column that is plainly INTEGER."""
