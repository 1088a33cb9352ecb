"""A person's data erased (UU 27/2022): ordered by two, when nothing stands in the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.domain.errors import Malformed, Refused
from gateway.ledger.leaf import Leaf, LeafKind
from gateway.operations.erased import covered_of_case
from gateway.operations.erasing.obstacles import Found, obstacles
from gateway.operations.erasing.orders import Basis, Order
from gateway.store.plan import Claim, Plan
from gateway.store.reading import Reader
from gateway.store.tables import StaffRow
from tests.exchange.erasing import (
    NIK,
    ORDER,
    case_id,
    erased,
    holds,
    integrate,
    orders,
    said,
    with_ended_case,
    without_journal,
)
from tests.exchange.stage import AGUS, RINA, Stage


@pytest.fixture(autouse=True)
def no_journal_of_another_test(stage: Stage) -> Iterator[None]:
    yield from without_journal(stage)


@pytest.fixture
def office(stage: Stage) -> Stage:
    return with_ended_case(stage)


def test_who_proposes_does_not_approve_and_both_are_in_the_ledger(office: Stage) -> None:
    row = orders(office).propose(ORDER, "rina")
    with pytest.raises(Refused) as caught:
        orders(office).approve(row.id, "rina")
    assert caught.value.code == "second-person-needed"
    assert orders(office).approve(row.id, "agus").decided_by == "agus"
    integrate(office)
    leaves = [Leaf.parse(each.canonical) for each in office.hub.store.reader.leaves(0)]
    steps = [each.extra["step"] for each in leaves if each.extra.get("erasure") == row.id]
    assert steps == ["erasure-proposed", "erasure-approved"]
    (gone,) = [each for each in leaves if each.kind is LeafKind.ERASED]
    covered = covered_of_case(office.hub.store.reader, case_id(office))
    assert covered.leaves >= 8
    assert dict(gone.extra) == {"cause": "request", "scope": f"case/{case_id(office)}", **covered.told()}
    approved = next(each for each in leaves if each.extra.get("step") == "erasure-approved")
    assert (gone.exchange, gone.actor) == ("", approved.actor)


def test_it_is_refused_while_anything_is_still_to_be_done_for_the_person(stage: Stage) -> None:
    stage.hub.store.unit_of_work.commit(
        Plan.of(Claim(StaffRow, ("id",), {"id": "rina", "name": RINA.name, "title": RINA.title}))
    )
    case = stage.register()
    with pytest.raises(Refused) as caught:
        orders(stage).propose(ORDER, "rina")
    assert caught.value.code == "case-not-ended"
    stage.deliver()
    stage.hub.deeds.complete(case.id, RINA)
    stage.hub.deeds.reject(case.id, AGUS, ["Tidak lengkap"])
    with pytest.raises(Refused) as caught:
        orders(stage).propose(ORDER, "rina")
    assert caught.value.code == "delivery-unfinished"
    stage.deliver()
    assert orders(stage).propose(ORDER, "rina").state == "proposed"
    with pytest.raises(Refused) as caught:
        orders(stage).propose(ORDER, "rina")
    assert caught.value.code == "erasure-exists"


@pytest.mark.parametrize("of", ["case", "exchange"])
def test_what_is_held_for_evidence_is_not_erased_until_it_is_let_go(office: Stage, of: str) -> None:
    """UU 27/2022 Pasal 15(1)b: also where the hold comes between the proposal and the approval."""
    case, at = case_id(office), office.clock()
    subject = case if of == "case" else office.hub.store.reader.exchanges(case_id=case)[0].id
    row = orders(office).propose(ORDER, "rina")
    holds(office).hold(subject, "Sengketa di PTUN nomor 12", "staff/agus", at)
    with pytest.raises(Refused) as caught:
        orders(office).approve(row.id, "agus")
    assert caught.value.code == "held-for-evidence"
    assert all(word in str(caught.value) for word in (f"{of}/{subject}", f"simojo retention release {subject}"))
    assert "PTUN" not in str(caught.value)
    orders(office).refuse(row.id, "Ditahan untuk pembuktian", "agus")
    with pytest.raises(Refused) as caught:
        orders(office).propose(ORDER, "rina")
    assert caught.value.code == "held-for-evidence"
    assert office.case(case).applicant.name == "Siti Contoh"
    holds(office).let_go(subject, "staff/agus", at)
    assert erased(office)
    assert said(lambda: holds(office).hold(subject, "Terlambat diminta", "staff/agus", at)) == "erased"


def test_of_a_hold_and_an_approval_one_comes_first_and_the_other_finds_it(
    office: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, at = case_id(office), office.clock()
    row = orders(office).propose(ORDER, "rina")
    looked: list[str] = []

    def meanwhile(reader: Reader, cases: list[str], *, permit_is_answered: bool) -> Iterator[Found]:
        found = list(obstacles(reader, cases, permit_is_answered=permit_is_answered))
        if not looked:
            looked.append(holds(office).hold(case, "Sengketa di PTUN", "staff/agus", at))
        return iter(found)

    with monkeypatch.context() as patched:
        patched.setattr("gateway.operations.erasing.orders.obstacles", meanwhile)
        assert said(lambda: orders(office).approve(row.id, "agus")) == "held-for-evidence"
    holds(office).let_go(case, "staff/agus", at)
    with monkeypatch.context() as patched:
        patched.setattr("gateway.operations.erasing.carrying.Carrying.finish", lambda *_, **__: "")
        orders(office).approve(row.id, "agus")
    assert said(lambda: holds(office).hold(case, "Terlambat diminta", "staff/agus", at)) == "erasure-approved"


@pytest.mark.parametrize("reason", ["Permintaan SITI CONTOH sendiri", f"NIK {NIK}, surat 17"])
def test_a_reason_that_names_the_person_is_refused_since_it_is_kept(office: Stage, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        orders(office).propose(Order(basis=Basis.REQUESTED, reason=reason, case_id=case_id(office)), "rina")
    assert caught.value.code == "reason-names-person"


def test_a_refused_one_changes_nothing_and_may_be_proposed_anew(office: Stage) -> None:
    row = orders(office).propose(ORDER, "rina")
    assert orders(office).refuse(row.id, "Masih ada sengketa berjalan", "agus").state == "refused"
    with pytest.raises(Refused) as caught:
        orders(office).approve(row.id, "agus")
    assert caught.value.code == "erasure-state"
    assert office.case(case_id(office)).applicant.name == "Siti Contoh"
    assert erased(office)
