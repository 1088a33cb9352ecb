"""Masked by default, unmasked for a reason that is recorded first, in the admin API and in the console (Pasal 10)."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from conformance.evidence.verdict import judge
from gateway.edge.parts import COOKIE
from gateway.ledger.leaf import Leaf, LeafKind
from gateway.store.plan import Insert
from gateway.store.tables import ExchangeRow, PartRow
from tests.edge.visitors import Visitor
from tests.office.house import AGUS, RINA, House
from tests.store import rows

NIK = "9999014506900001"
REASON = "Pengaduan pemohon nomor contoh 17"
NINA = "nina"


@pytest.fixture
def exchange(house: House) -> str:
    """What Dukcapil was asked, with the NIK in its body, in a header and in its path."""
    house.employ(NINA, scopes="admin unmask")
    row = {**rows.exchange(1, 0), "agency": "dukcapil", "interaction": "verify-resident", "direction": "out"}
    row |= {"agreement": "dukcapil-2026/1.0", "verdict": "answered", "at": house.clock()}
    asked = {"NIK": NIK, "NAMA_LGKP": "Siti Contoh"}
    headers = {
        ":method": "GET",
        ":path": f"/api/user/status/{NIK}",
        "X-Subject": NIK,
        "content-type": "application/json",
    }
    parts = {"sent-1": asked, "sent-1-headers": headers, "reply-1": {"siapa": "Siti Contoh"}}
    key = house.gateway.store.vault.exchange_key(None, house.clock())
    bodies = {name: json.dumps(body).encode() for name, body in parts.items()}
    leaf = house.gateway.store.leaves.make(
        LeafKind.SENT, at=house.clock(), exchange=str(row["id"]), key=key.key, parts=bodies
    )
    inserted = [Insert(PartRow, {"exchange": row["id"], "name": name, "body": body}) for name, body in bodies.items()]
    house.commit(*key.plan.changes, Insert(ExchangeRow, row), *inserted, leaf.row)
    while house.gateway.integrator.run_once():
        pass
    return str(row["id"])


def reads(house: House) -> list[Leaf]:
    store = house.gateway.store.reader
    leaves = [*store.leaves(0), *store.pending_leaves()]
    return [leaf for row in leaves if (leaf := Leaf.parse(row.canonical)).kind is LeafKind.READ]


def test_messages_are_masked_and_what_is_not_known_is_not_shown(house: House, visitor: Visitor, exchange: str) -> None:
    said = visitor.get(f"/admin/v1/exchanges/{exchange}/messages")
    assert said["masked"]
    assert [word for word in (NIK, "Siti") if word in json.dumps(said)] == []
    by_name = {each["name"]: each for each in said["messages"]}
    assert by_name["sent-1"]["headers"][":path"] != f"/api/user/status/{NIK}"
    assert by_name["sent-1"]["headers"]["content-type"] == "application/json"
    assert by_name["sent-1"]["headers"]["X-Subject"] == "***"
    assert (by_name["reply-1"]["content"], by_name["reply-1"]["why"] is not None) == (None, True)
    assert reads(house) == []


def test_unmasking_is_a_leaf_before_it_is_an_answer(house: House, visitor: Visitor, exchange: str) -> None:
    path = f"/admin/v1/exchanges/{exchange}/messages"
    said = visitor.post(path, NINA, {"reason": REASON})
    assert NIK in {each["name"]: each["text"] for each in said["parts"]}["sent-1"]
    (leaf,) = reads(house)
    assert leaf.extra["subject"] == f"exchange/{exchange}"
    assert REASON.encode() not in leaf.canonical()
    (told,) = visitor.get("/admin/v1/reads", subject=f"exchange/{exchange}")["items"]
    assert (told["actor"], told["what"], told["reason"], told["stands"]) == (f"staff/{NINA}", "messages", REASON, True)


@pytest.mark.parametrize("where", ["messages", "evidence"])
def test_unmasking_needs_its_scope_and_a_reason(house: House, visitor: Visitor, exchange: str, where: str) -> None:
    path = f"/admin/v1/exchanges/{exchange}/{where}"
    assert visitor.refused("POST", path, AGUS, {"reason": REASON}).code == "scope-missing"
    assert visitor.refused("POST", path, RINA, {"reason": REASON}).code == "scope-missing"
    assert visitor.refused("POST", path, None, {"reason": REASON}).code == "token-missing"
    short = visitor.refused("POST", path, NINA, {"reason": " ya          "})
    assert (short.code, short.clause) == ("reason-missing", "Pasal 10")
    assert visitor.refused("POST", path, NINA, {}).code == "schema-violation"
    assert reads(house) == []


def test_a_bundle_comes_as_a_download(house: House, visitor: Visitor, exchange: str, tmp_path) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    path = f"/admin/v1/exchanges/{exchange}/evidence"
    masked = visitor.client.get(path, headers={"Authorization": f"Bearer token-of-{AGUS}"})
    assert masked.headers["content-type"] == "application/vnd.etsi.asic-e+zip"
    assert masked.headers["content-length"] == str(len(masked.content))
    with zipfile.ZipFile(io.BytesIO(masked.content)) as archive:
        assert not any(NIK.encode() in archive.read(name) for name in archive.namelist())
    answer = visitor.client.post(path, headers={"Authorization": f"Bearer token-of-{NINA}"}, json={"reason": REASON})
    (tmp_path / "x.asice").write_bytes(answer.content)
    assert judge(tmp_path / "x.asice").parts == 3
    assert len(reads(house)) == 1
    assert visitor.refused("GET", "/admin/v1/exchanges/x-9/evidence", AGUS).code == "exchange-unknown"
    assert visitor.refused("GET", "/admin/v1/cases/c-9/evidence", AGUS).code == "case-unknown"


def test_the_console_shows_an_exchange_masked_and_asks_for_a_reason(
    house: House, visitor: Visitor, exchange: str
) -> None:
    client, path = visitor.client, f"/console/exchanges/{exchange}"
    assert client.get(path, follow_redirects=False).headers["location"] == "/console"
    client.cookies.set(COOKIE, f"token-of-{AGUS}")
    shown = client.get(path).text
    assert f'href="{path}?lang=id"' in client.get("/console").text
    assert [word for word in (NIK, "Siti") if word in shown] == []
    assert "memerlukan token dengan hak unmask" in shown
    assert "Belum ada yang membuka." in shown
    assert client.post(path, data={"reason": REASON}).json()["code"] == "scope-missing"
    client.cookies.set(COOKIE, f"token-of-{NINA}")
    bare = client.post(path, data={"reason": "ya"})
    assert (bare.status_code, 'role="alert"' in bare.text, NIK in bare.text) == (400, True, False)
    opened = client.post(path, data={"reason": REASON})
    assert (opened.status_code, NIK in opened.text, REASON in opened.text) == (200, True, True)
    assert opened.headers["cache-control"] == "no-store"
    assert "Who has looked" in client.get(f"{path}?lang=en").text


def test_a_sole_traders_nib_names_nobody_on_the_console(house: House, visitor: Visitor, exchange: str) -> None:
    """OSS gives a person's own name as the firm's, which the published schema does not mark as personal."""
    agreement = house.gateway.directory.active_agreement("oss", house.clock().date())
    assert agreement is not None
    (schema,) = (each.request for each in agreement.interactions if each.name == "receiveNIB")
    row = {**rows.exchange(2, 0), "agency": "oss", "interaction": "receiveNIB", "direction": "in"}
    row |= {"agreement": f"{agreement.id}/{agreement.version}", "verdict": "answered", "at": house.clock()}
    folder = house.gateway.library.folder(str(schema)) / "examples/request"
    nib = json.loads((folder / "one-permit.json").read_bytes())
    nib["dataNIB"] |= {"nama_perseroan": "Siti Contoh", "alamat_perseroan": "Jalan Contoh 1"}
    key = house.gateway.store.vault.exchange_key(None, house.clock())
    part = {"exchange": row["id"], "name": "request", "body": json.dumps(nib).encode()}
    house.commit(*key.plan.changes, Insert(ExchangeRow, row), Insert(PartRow, part))
    visitor.client.cookies.set(COOKIE, f"token-of-{AGUS}")
    shown = visitor.client.get(f"/console/exchanges/{row['id']}").text
    assert "Q-202603-00000017" in shown
    assert [word for word in ("siti", "contoh", "0812", NIK) if word in shown.lower()] == []


def test_a_message_of_others_is_text_and_never_markup(house: House, visitor: Visitor, exchange: str) -> None:
    evil = "<script>alert(1)</script>"
    house.commit(Insert(PartRow, {"exchange": exchange, "name": "sent-2", "body": evil.encode()}))
    visitor.client.cookies.set(COOKIE, f"token-of-{NINA}")
    opened = visitor.client.post(f"/console/exchanges/{exchange}", data={"reason": REASON}).text
    assert evil not in opened
    assert "&lt;script&gt;" in opened
