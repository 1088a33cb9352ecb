"""`simojo staff`: who works at the office, and their API tokens."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from gateway.app import Store
from gateway.cli.opening import ACTOR, opened
from gateway.domain.errors import Refused
from gateway.domain.identifiers import NIK, NIP, Phone
from gateway.edge.parts import token_hash
from gateway.ledger.leaf import LeafKind
from gateway.machine import now
from gateway.store.conflicts import commit
from gateway.store.plan import Change, Claim, Plan, Update
from gateway.store.tables import StaffRow, TokenRow

app = typer.Typer(no_args_is_help=True)

SCOPES = ("office", "admin", "ledger", "unmask", "erase")
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@app.command("list")
def list_() -> None:
    """List the staff."""
    with opened() as store:
        for row in store.reader.all_staff():
            print(f"{row.id:12} {row.name:30} {row.title:30} {row.delegation or ''}")


@app.command()
def add(
    staff: Annotated[str, typer.Argument(help="a short id")],
    name: Annotated[str, typer.Option()],
    title: Annotated[str, typer.Option()],
    phone: Annotated[str | None, typer.Option(help="where PINs go (Pasal 13(3))")] = None,
    nip: Annotated[str | None, typer.Option()] = None,
    nik: Annotated[str | None, typer.Option(help="by which the certified signature service knows them (13)")] = None,
    delegation: Annotated[str | None, typer.Option(help="number of the delegation to sign (Pasal 13(4))")] = None,
    delegation_from: Day = None,
    delegation_until: Day = None,
    electronic: Annotated[bool, typer.Option("--electronic", help="it covers electronic signing (13(5))")] = False,
) -> None:
    """Add a member of staff."""
    values = {
        "id": staff,
        "name": name,
        "title": title,
        "nip": str(NIP(nip)) if nip else None,
        "nik": str(NIK(nik)) if nik else None,
        "phone": str(Phone(phone)) if phone else None,
        "delegation": delegation,
        "delegation_from": delegation_from.date() if delegation_from else None,
        "delegation_until": delegation_until.date() if delegation_until else None,
        "delegation_electronic": electronic,
    }
    with opened() as store:
        if store.reader.staff(staff) is not None:
            raise Refused(f"staff {staff} is there already", code="staff-exists")
        leaf = _leaf(store, {"step": "staff-added", "staff": staff})
        commit(store.unit_of_work, Plan.of(Claim(StaffRow, ("id",), values), leaf))
    print(f"added {staff}")


@app.command("nik")
def nik_(
    staff: Annotated[str, typer.Argument(help="whose NIK")],
    nik: Annotated[str, typer.Argument(help="16 digits, as the certified signature service knows them")],
) -> None:
    """Set the NIK by which the certified signature service (BSrE) knows a signing official (Pasal 13)."""
    number = str(NIK(nik))
    with opened() as store:
        row = store.reader.staff(staff)
        if row is None:
            raise Refused(f"no staff {staff!r} is known: add them first", code="staff-unknown")
        leaf = _leaf(store, {"step": "staff-nik-set", "staff": staff})
        commit(store.unit_of_work, Plan.of(Update(StaffRow, {"id": staff}, {"nik": row.nik}, {"nik": number}), leaf))
    print(f"set the NIK of {staff}")


@app.command()
def token(
    staff: Annotated[str, typer.Argument(help="whose token")],
    scopes: Annotated[str, typer.Option(help="words of: office admin ledger unmask erase")] = "office",
    days: Annotated[int, typer.Option(min=1, max=366)] = 30,
) -> None:
    """Make an API token and print it once: only its digest is kept."""
    if not scopes.split() or not set(scopes.split()) <= set(SCOPES):
        raise Refused(f"scopes are words of: {' '.join(SCOPES)}; not {scopes!r}", code="scope-unknown")
    made = secrets.token_urlsafe(32)
    with opened() as store:
        if store.reader.staff(staff) is None:
            raise Refused(f"no staff {staff!r} is known: add them first", code="staff-unknown")
        ends = now().astimezone(UTC) + timedelta(days=days)
        values = {
            "hash": token_hash(made),
            "staff": staff,
            "scopes": " ".join(scopes.split()),
            "made_at": now(),
            "expires_at": ends,
        }
        leaf = _leaf(store, {"step": "token-granted", "staff": staff, "scopes": " ".join(scopes.split())})
        commit(store.unit_of_work, Plan.of(Claim(TokenRow, ("hash",), values), leaf))
    print(made)


def _leaf(store: Store, said: dict[str, str | int]) -> Change:
    """A grant is a deed that the ledger keeps (Pasal 22(1))."""
    return store.leaves.make(LeafKind.STAFF, at=now(), actor=ACTOR, extra=said).row
