"""How every question is asked: a session of its own, closed before the rows are handed out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlmodel import Session, SQLModel

from gateway.domain.errors import HubBusy

UNREADABLE = "store-unreadable"
"""The code of HubBusy where a stored value is not one of its column's type: damage, which no waiting mends."""

RowType = TypeVar("RowType", bound=SQLModel)


class Reads:
    """Reads of one engine. Rows come back detached: whole, and tied to no session.

    Every read raises HubBusy when the database does not answer; with the code `store-unreadable`, and naming the
    table, where it answers with bytes that are not text or text that is not an instant.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def _session(self, asked: Any) -> Iterator[Session]:
        try:
            with Session(self._engine) as session:
                yield session
        except ValueError as error:  # from a column's type: a wrong parameter would be a StatementError
            raise _unreadable(asked) from error
        except DBAPIError as error:
            if "decode to UTF-8" in str(error.orig):  # the words of sqlite3; what follows them is the stored value
                raise _unreadable(asked) from None
            raise HubBusy(f"the store cannot be read now ({type(error).__name__}); send again", after_s=5) from error
        except NoConnection as error:
            raise HubBusy("all connections to the store are in use; send again in a moment", after_s=1) from error

    def _get(self, model: type[RowType], key: object) -> RowType | None:
        """The row with this primary key (a tuple where the key has several columns)."""
        with self._session(model) as session:
            return session.get(model, key)

    def _first(self, statement: Any) -> Any:
        """The first result of a SQLModel `select`, or None. The caller states the type: it wrote the statement."""
        with self._session(statement) as session:
            return session.exec(statement).first()

    def _all(self, statement: Any) -> list[Any]:
        """All results of a SQLModel `select`, in its order."""
        with self._session(statement) as session:
            return list(session.exec(statement).all())


def _unreadable(asked: Any) -> HubBusy:
    """The error for a damaged value in what was asked for: a table's class, or a `select`."""
    if isinstance(asked, type):
        names = str(getattr(asked, "__tablename__", asked.__name__))
    else:
        names = ", ".join(str(getattr(each, "name", each)) for each in asked.get_final_froms())
    return HubBusy(f"table {names} holds a value that cannot be read: verify the ledger", code=UNREADABLE)
