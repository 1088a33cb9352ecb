"""How every question is asked: a session of its own, closed before the rows are handed out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

from gateway.domain.errors import HubBusy

RowType = TypeVar("RowType", bound=SQLModel)


class Reads:
    """Reads of one engine. Rows come back detached: whole, and tied to no session.

    Every read raises HubBusy when the database does not answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with Session(self._engine) as session:
                yield session
        except DBAPIError as error:
            raise HubBusy(f"the store cannot be read now ({type(error).__name__}); send again", after_s=5) from error

    def _get(self, model: type[RowType], key: object) -> RowType | None:
        """The row with this primary key (a tuple where the key has several columns)."""
        with self._session() as session:
            return session.get(model, key)

    def _first(self, statement: Any) -> Any:
        """The first result of a SQLModel `select`, or None. The caller states the type: it wrote the statement."""
        with self._session() as session:
            return session.exec(statement).first()

    def _all(self, statement: Any) -> list[Any]:
        """All results of a SQLModel `select`, in its order."""
        with self._session() as session:
            return list(session.exec(statement).all())
