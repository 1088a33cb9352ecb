"""Asking authorities: whom, how often, and what is done when they fail."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from gateway.domain.errors import Refused
from tests.operations.ledgers import NOW
from tests.operations.status_town import DAY, HOUR, OFF, ROOT, Town, revoked_list, with_list
from tests.trust.authorities import Holder, root


def test_each_is_asked_about_once_an_hour_and_sooner_when_no_answer_came_or_the_word_ends(town: Town) -> None:
    leaf = with_list(town)
    town.register(leaf)
    asked = []
    for minutes, answer in ((59, None), (60, None), (61, None), (121, 500), (125, None), (126, None), (127, None)):
        town.office.now = NOW + timedelta(minutes=minutes)
        if answer:
            town.web.says["/crl"] = answer
        else:
            town.web.says["/crl"] = ROOT.crl(this=NOW, following=NOW + DAY)
        asked.append(town.look())
    assert asked == [0, 1, 0, 1, 0, 1, 0]
    town.web.says["/crl"] = ROOT.crl(this=town.office.now, following=town.office.now + timedelta(minutes=20))
    town.office.now += HOUR
    town.web.says["/crl"] = ROOT.crl(this=town.office.now, following=town.office.now + timedelta(minutes=20))
    assert town.look() == 1
    town.office.now += timedelta(minutes=20)
    assert town.look() == 1  # its nextUpdate has come


def test_nobody_is_asked_when_it_is_off(town: Town) -> None:
    town.register(with_list(town), mode=OFF)
    assert (town.look(OFF), sum(town.web.asked.values())) == (0, 0)


def test_one_list_for_many_is_fetched_once_in_a_round(town: Town) -> None:
    for _ in range(3):
        town.register(with_list(town))
    town.web.asked.clear()
    town.office.now += 2 * HOUR
    assert town.look() == 3
    assert town.web.asked["/crl"] == 1


def test_an_older_word_that_says_the_same_prolongs_what_is_held(town: Town) -> None:
    leaf = with_ocsp(town, and_list=True)
    town.web.says["/ocsp"] = echoing(leaf, this=NOW, following=NOW + HOUR)
    town.register(leaf)
    town.web.says["/ocsp"] = 503
    town.office.now = NOW + HOUR
    assert town.look() == 1
    status = town.status(leaf)
    assert (status.this_update, status.next_update, status.fault) == (NOW, NOW + DAY, None)
    older = revoked_list(leaf, NOW - DAY, x509.ReasonFlags.key_compromise, this=NOW - HOUR)
    town.web.says["/crl"] = older  # a revocation that lasts is believed from any list that is in its time
    town.office.now = NOW + 3 * HOUR
    town.look()
    assert town.outcome() == "certificate-revoked"


def test_a_local_list_comes_before_any_call(town: Town) -> None:
    leaf = with_list(town)
    town.lists.append(ROOT.crl(this=NOW, following=NOW + DAY))
    town.register(leaf)
    assert (town.status(leaf).source, sum(town.web.asked.values())) == ("local list", 0)
    town.lists[:] = [root("Lain").crl(), ROOT.crl(this=NOW - DAY, following=NOW - HOUR)]  # another's, a stale one
    town.office.now += 2 * HOUR
    town.look()
    assert town.status(leaf).source == town.web.url("/crl")


def with_ocsp(town: Town, *, and_list: bool = False) -> Holder:
    lists = [town.web.url("/crl")] if and_list else []
    town.web.says["/crl"] = ROOT.crl(this=NOW - HOUR, following=NOW + DAY)
    return ROOT.issue(responders=[town.web.url("/ocsp")], lists=lists, start=NOW - DAY)


def ask(town: Town, leaf: Holder) -> str:
    """The source that answered, or what each of them said."""
    try:
        return town.sources().ask(leaf.certificate, ROOT.certificate, NOW).source
    except Refused as refusal:
        return f"{refusal.code} {refusal.text}"


def echoing(leaf: Holder, responder: Holder | None = None, **said: object) -> Callable[[bytes], bytes]:
    """A responder that gives the nonce back, as one that signs at once does."""

    def answer(body: bytes) -> bytes:
        request = ocsp.load_der_ocsp_request(body)
        assert request.serial_number == leaf.serial
        nonce = request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
        values = {"this": NOW - HOUR, "following": NOW + DAY, "nonce": nonce, **said}
        return ROOT.answer(leaf, responder=responder, **values)  # type: ignore[arg-type]  # as the test says

    return answer


def test_ocsp_is_asked_before_the_list(town: Town) -> None:
    leaf = with_ocsp(town, and_list=True)
    town.web.says["/ocsp"] = echoing(leaf)
    assert ask(town, leaf) == town.web.url("/ocsp")
    assert town.web.asked == {"/ocsp": 1}
    responder = ROOT.issue(
        "responder",
        more=[(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING]), False), (x509.OCSPNoCheck(), False)],
        start=NOW - DAY,
    )
    town.web.says["/ocsp"] = echoing(leaf, responder)
    assert ask(town, leaf) == town.web.url("/ocsp")


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("stale", "stale"),
        ("nonce", "nonce"),
        ("impostor", "not signed"),
        ("404", "HTTP status 404"),
        ("redirect", "HTTP status 302"),
        ("page", "no OCSP response"),
        ("huge", "65536 bytes"),
        ("slow", "time ran out"),
    ],
)
def test_when_the_responder_fails_the_list_is_asked_and_without_one_each_fault_is_named(
    town: Town, fault: str, why: str
) -> None:
    leaf = with_ocsp(town)
    answers: dict[str, object] = {
        "stale": echoing(leaf, this=NOW - DAY, following=NOW - HOUR),
        "nonce": echoing(leaf, nonce=b"0" * 16),
        "impostor": echoing(leaf, impostor=root()),
        "404": 404,
        "redirect": 302,
        "page": b"<html>Masuk ke jaringan</html>",
        "huge": b"0" * 70_000,
        "slow": b"",
    }
    town.web.says["/ocsp"] = answers[fault]  # type: ignore[assignment]  # one of the three kinds
    town.web.held |= {"/ocsp"} if fault == "slow" else set()
    begun = time.monotonic()
    said = ask(town, leaf)
    assert said.startswith("certificate-status-unknown ")
    assert why in said
    assert town.web.url("/ocsp") in said
    assert time.monotonic() - begun < 5
    both = with_ocsp(town, and_list=True)
    assert ask(town, both) == town.web.url("/crl")


@pytest.mark.parametrize(
    ("data", "why"), [(b"0" * (20 * 2**20 + 1), "20971520 bytes"), (b"<html>", "no revocation list")]
)
def test_a_list_that_is_huge_or_none_is_not_read(town: Town, data: bytes, why: str) -> None:
    leaf = with_list(town)
    town.web.says["/crl"] = data
    assert why in ask(town, leaf)


def test_nobody_listens(town: Town) -> None:
    leaf = ROOT.issue(lists=["http://127.0.0.1:9/crl"], start=NOW - DAY)
    assert "no connection" in ask(town, leaf)
    assert "names no place to ask" in ask(town, ROOT.issue(start=NOW - DAY))


def test_a_responder_that_keeps_us_waiting_does_so_once_in_a_round(town: Town) -> None:
    leaves = [with_ocsp(town) for _ in range(3)]
    town.web.held.add("/ocsp")
    sources = town.sources()
    for leaf in leaves:
        with pytest.raises(Refused):
            sources.ask(leaf.certificate, ROOT.certificate, NOW)
    assert town.web.asked["/ocsp"] == 1
