"""Authorities are asked over real HTTP; what they say is kept, what they do not say has its stated effect."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from gateway.domain.errors import GatewayError, Refused, Unauthenticated
from gateway.ledger.leaf import Leaf
from gateway.operations.admission import Admission
from gateway.operations.expiry import certificate_warnings
from gateway.operations.possession import CHALLENGE_LIFE
from gateway.operations.registry import Registry
from gateway.operations.revocation import Revocation
from gateway.operations.status_sources import StatusSources
from gateway.store.certificate_status import RevocationPolicy, registered_certificates
from gateway.store.plan import Insert, Plan
from gateway.store.tables import CertificateStatusRow, ExchangeRow
from gateway.transport.http import HttpClient
from gateway.trust.certificates import RegisteredCertificate, RevocationMode, Use, check_usable
from gateway.trust.keys import fingerprint
from tests.operations.ledgers import NOW, Office
from tests.operations.status_office import StatusOffice
from tests.trust.authorities import Holder, key_usage, root

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SOFT, HARD, OFF = RevocationMode.SOFT, RevocationMode.HARD, RevocationMode.OFF
ROOT = root(start=NOW - 30 * DAY)
NONCES = iter(range(10**6))


class Town:
    """An office, its authority's place on the web, and what asks there."""

    def __init__(self, office: Office, web: StatusOffice, client: HttpClient) -> None:
        self.office, self.web, self.client = office, web, client
        self.lists: list[bytes] = []

    def sources(self) -> StatusSources:
        return StatusSources(self.client, self.lists, lambda size: bytes(range(size)), time_s=0.5)

    def registry(self, mode: RevocationMode = SOFT, *, authorities: tuple[Holder, ...] = (ROOT,)) -> Registry:
        return Registry(
            reader=self.office.reader,
            vault=self.office.vault,
            unit_of_work=self.office.writer,
            leaves=self.office.leaves,
            clock=lambda: self.office.now,
            production=False,
            admission=Admission(
                authorities=tuple(each.certificate for each in authorities), mode=mode, sources=self.sources
            ),
        )

    def register(
        self, leaf: Holder, *given: Holder, mode: RevocationMode = SOFT, uses: frozenset[Use] | None = None
    ) -> str:
        registry = self.registry(mode)
        challenge = registry.challenge("dpupr", leaf.certificate, f"n-{next(NONCES)}")
        proof = leaf.key.sign(challenge, ec.ECDSA(hashes.SHA256()))
        between = [each.certificate for each in given]
        return registry.register_certificate(
            "dpupr", leaf.certificate, challenge, proof, "staff/siti", uses, between
        ).fingerprint

    def look(self, mode: RevocationMode = SOFT) -> int:
        return Revocation(
            reader=self.office.reader,
            unit_of_work=self.office.writer,
            leaves=self.office.leaves,
            clock=lambda: self.office.now,
            sources=self.sources,
            mode=mode,
            interval=HOUR,
        ).run_once()

    def status(self, leaf: Holder) -> CertificateStatusRow:
        return self.office.reader.certificate_statuses()[fingerprint(leaf.certificate)]

    def registered(self, mode: RevocationMode = SOFT, authorities: tuple[Holder, ...] = ()) -> RegisteredCertificate:
        named = frozenset(fingerprint(each.certificate) for each in authorities)
        policy = RevocationPolicy(mode=mode, grace=timedelta(hours=24), authorities=named)
        reader = self.office.reader
        return registered_certificates(reader.certificates("dpupr"), reader.certificate_statuses(), policy)[0]

    def outcome(
        self, mode: RevocationMode = SOFT, at: datetime | None = None, authorities: tuple[Holder, ...] = ()
    ) -> str:
        """What becomes of a message that the one registered certificate signed."""
        try:
            check_usable(self.registered(mode, authorities), at or self.office.now)
        except Unauthenticated as refusal:
            return refusal.code
        return "taken"

    def said(self) -> list[Leaf]:
        return [Leaf.parse(row.canonical) for row in self.office.reader.pending_leaves()]


@pytest.fixture
def town(office: Office) -> Iterator[Town]:
    web = StatusOffice()
    with HttpClient(clock=time.monotonic) as client:
        yield Town(office, web, client)
    web.close()


def refused(act: Callable[[], object]) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        act()
    return caught.value


def with_list(town: Town, by: Holder = ROOT) -> Holder:
    """A certificate whose status stands in a list at /crl."""
    town.web.says["/crl"] = by.crl(this=NOW - HOUR, following=NOW + DAY)
    return by.issue(lists=[town.web.url("/crl")], start=NOW - DAY)


def revoked_list(leaf: Holder, at: datetime, reason: x509.ReasonFlags | None = None, *, this: datetime = NOW) -> bytes:
    return ROOT.crl({leaf.serial: (at, reason)}, this=this, following=this + DAY)


# --- registration -------------------------------------------------------------------------------------------------


def test_a_certificate_is_registered_with_its_chain_and_its_authoritys_word(town: Town) -> None:
    leaf = with_list(town)
    found = town.register(leaf)
    (row,) = town.office.reader.certificates("dpupr")
    assert (row.fingerprint, row.uses) == (found, "encrypt sign tls")
    assert x509.load_pem_x509_certificates(row.chain.encode()) == [ROOT.certificate]
    status = town.status(leaf)
    assert (status.next_update, status.source, status.fault) == (NOW + DAY, town.web.url("/crl"), None)
    assert town.outcome(HARD) == "taken"
    assert certificate_warnings(town.office.reader, NOW) == ()


def test_a_certificate_of_a_stranger_is_not_registered(town: Town) -> None:
    assert refused(lambda: town.register(root("Lain").issue(start=NOW - DAY))).code == "certificate-chain"
    assert town.office.reader.all_certificates() == []


def test_a_certificate_that_is_revoked_already_is_not_registered(town: Town) -> None:
    leaf = with_list(town)
    town.web.says["/crl"] = revoked_list(leaf, NOW - HOUR, x509.ReasonFlags.key_compromise)
    caught = refused(lambda: town.register(leaf))
    assert caught.code == "certificate-revoked"
    assert "keyCompromise" in caught.text


@pytest.mark.parametrize(("mode", "code"), [(SOFT, None), (HARD, "certificate-status-unknown"), (OFF, None)])
def test_registration_when_no_source_answers(town: Town, mode: RevocationMode, code: str | None) -> None:
    leaf = with_list(town)
    town.web.says["/crl"] = 503
    if code is None:
        town.register(leaf, mode=mode)
        assert bool(town.office.reader.certificate_statuses()) is (mode is SOFT)
        assert any("HTTP status 503" in each for each in certificate_warnings(town.office.reader, NOW)) is (
            mode is SOFT
        )
    else:
        assert refused(lambda: town.register(leaf, mode=mode)).code == code


def test_those_between_are_asked_about_too(town: Town) -> None:
    web = town.web
    between = ROOT.issue("Antara", authority=True, lists=[web.url("/root")], start=NOW - DAY)
    leaf = between.issue(lists=[web.url("/between")], start=NOW - DAY)
    web.says["/root"] = ROOT.crl(this=NOW - HOUR, following=NOW + DAY)
    web.says["/between"] = between.crl(this=NOW - HOUR, following=NOW + DAY)
    town.register(leaf, between)
    assert town.outcome(HARD) == "taken"
    town.office.now = NOW + 2 * HOUR
    web.says["/root"] = revoked_list(between, NOW + HOUR, this=NOW + HOUR)
    assert town.look() == 2
    assert town.outcome(SOFT) == "certificate-revoked"
    assert town.outcome(SOFT, NOW) == "taken"
    assert any("has an authority that was revoked" in each for each in certificate_warnings(town.office.reader, NOW))


# --- the state of a registered one --------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [OFF, SOFT, HARD])
def test_a_revoked_certificate_is_refused_at_once_and_the_ledger_says_so(town: Town, mode: RevocationMode) -> None:
    leaf = with_list(town)
    town.register(leaf)
    exchanged(town, NOW + timedelta(minutes=30))
    exchanged(town, NOW + timedelta(minutes=50))
    exchanged(town, NOW + timedelta(minutes=55), agency="bank")
    town.office.now = NOW + HOUR
    town.web.says["/crl"] = revoked_list(leaf, NOW + timedelta(minutes=40), x509.ReasonFlags.key_compromise)
    assert (town.outcome(mode), town.look(), town.outcome(mode)) == ("taken", 1, "certificate-revoked")
    assert town.outcome(mode, NOW + timedelta(minutes=39)) == "taken"  # what came before stands
    extra = town.said()[-1].extra
    assert (extra["step"], extra["agency"], extra["reason"]) == ("revoked-by-authority", "dpupr", "keyCompromise")
    assert extra["accepted-since"] == 1
    before = len(town.said())
    town.office.now += HOUR
    assert (town.look(), len(town.said())) == (1, before)  # said once
    assert any("revoked by its issuer" in each for each in certificate_warnings(town.office.reader, NOW))


def exchanged(town: Town, at: datetime, agency: str = "dpupr") -> None:
    values = {"id": town.office.new_id(), "direction": "in", "agency": agency, "interaction": "x"}
    town.office.commit(Plan.of(Insert(ExchangeRow, {**values, "verdict": "accepted", "at": at})))


def test_who_is_revoked_stays_so_when_lists_forget_it_but_not_from_a_hold(town: Town) -> None:
    leaf = with_list(town)
    town.register(leaf)
    for reason, after in ((x509.ReasonFlags.certificate_hold, "taken"), (None, "certificate-revoked")):
        town.office.now += 2 * HOUR
        town.web.says["/crl"] = revoked_list(leaf, town.office.now - HOUR, reason, this=town.office.now)
        town.look()
        assert town.outcome() == "certificate-revoked"
        town.office.now += 2 * HOUR
        town.web.says["/crl"] = ROOT.crl(this=town.office.now, following=town.office.now + DAY)
        town.look()
        assert town.outcome() == after
    assert [leaf.extra["step"] for leaf in town.said()][-3:] == [
        "revoked-by-authority",
        "hold-lifted",
        "revoked-by-authority",
    ]


def test_an_older_list_takes_nothing_back(town: Town) -> None:
    leaf = with_list(town)
    town.register(leaf)
    clean = town.web.says["/crl"]
    town.office.now = NOW + 2 * HOUR
    hold = x509.ReasonFlags.certificate_hold
    town.web.says["/crl"] = revoked_list(leaf, NOW + HOUR, hold, this=NOW + 2 * HOUR)
    town.look()
    town.office.now = NOW + 4 * HOUR
    town.web.says["/crl"] = clean  # still in its time, and played back
    town.look()
    assert town.outcome() == "certificate-revoked"
    assert "a later one is held" in (town.status(leaf).fault or "")


def test_a_silent_source_in_hard_mode_the_word_holds_then_the_grace_then_no_more(town: Town) -> None:
    leaf = with_list(town)
    town.register(leaf)
    town.web.says["/crl"] = 500
    ends = NOW + DAY
    for at, hard, warned in (
        (ends, "taken", False),
        (ends + timedelta(seconds=1), "taken", True),
        (ends + DAY, "taken", True),
        (ends + DAY + timedelta(seconds=1), "certificate-status-unknown", True),
    ):
        town.office.now = at
        town.look()
        assert (town.outcome(HARD), town.outcome(SOFT), town.outcome(OFF)) == (hard, "taken", "taken")
        warnings = certificate_warnings(town.office.reader, at)
        assert any("is not known since" in each for each in warnings) is warned, at
    town.office.now += timedelta(minutes=6)  # and it comes back
    town.web.says["/crl"] = ROOT.crl(this=town.office.now, following=town.office.now + DAY)
    assert (town.look(), town.outcome(HARD)) == (1, "taken")


def test_the_refusal_for_an_unknown_status_says_that_the_same_may_be_sent_again(town: Town) -> None:
    town.register(with_list(town))
    with pytest.raises(Unauthenticated, match="send the same message again later"):
        check_usable(town.registered(HARD), NOW + 3 * DAY)


def registered_before(town: Town, leaf: Holder) -> None:
    """As it was while no authority was configured."""
    challenge = (old := town.registry(authorities=())).challenge("dpupr", leaf.certificate, "n")
    proof = leaf.key.sign(challenge, ec.ECDSA(hashes.SHA256()))
    old.register_certificate("dpupr", leaf.certificate, challenge, proof, "staff/siti")


def test_without_authorities_a_certificate_has_no_status_and_is_taken_as_registered(town: Town) -> None:
    registered_before(town, root("Sendiri").issue(start=NOW - DAY))
    assert (town.look(HARD), town.outcome(HARD, NOW + 100 * DAY)) == (0, "taken")
    assert certificate_warnings(town.office.reader, NOW) == ()


def test_a_certificate_from_before_the_authorities_is_refused_until_it_is_registered_with_its_chain(town: Town) -> None:
    leaf = with_list(town)
    registered_before(town, leaf)
    ours = (ROOT,)
    assert [town.outcome(mode, authorities=ours) for mode in (OFF, SOFT, HARD)] == [
        "taken",
        "taken",
        "certificate-chain-missing",
    ]
    (warning,) = certificate_warnings(town.office.reader, NOW, {fingerprint(ROOT.certificate)})
    assert "has no chain to an authority" in warning
    town.register(leaf, mode=HARD)
    (row,) = town.office.reader.certificates("dpupr")
    assert x509.load_pem_x509_certificates(row.chain.encode()) == [ROOT.certificate]
    assert town.said()[-1].extra["step"] == "uses-changed"
    assert town.said()[-1].extra["changed"] == "chain"
    assert town.outcome(HARD, authorities=ours) == "taken"
    assert certificate_warnings(town.office.reader, NOW, {fingerprint(ROOT.certificate)}) == ()
    town.office.now += 2 * HOUR
    town.web.says["/crl"] = ROOT.crl(this=town.office.now, following=town.office.now + DAY)
    assert town.look() == 1  # watched from now on


def test_an_authority_that_is_taken_out_of_the_file_is_believed_no_longer(town: Town) -> None:
    town.register(with_list(town))
    other = root("Lain", start=NOW - DAY)
    assert town.outcome(HARD, authorities=(other, ROOT)) == "taken"
    assert town.outcome(HARD, authorities=(other,)) == "certificate-chain-missing"
    assert town.outcome(SOFT, authorities=(other,)) == "taken"
    (warning,) = certificate_warnings(town.office.reader, NOW, {fingerprint(other.certificate)})
    assert "has no chain to an authority" in warning


def test_a_key_whose_certificate_its_authority_revoked_is_not_registered_again(town: Town) -> None:
    leaf = with_list(town)
    town.register(leaf)
    renewal = ROOT.issue(key=leaf.key, start=NOW - DAY)
    town.register(renewal, mode=OFF)
    town.office.now = NOW + HOUR
    town.web.says["/crl"] = revoked_list(leaf, NOW + timedelta(minutes=40))
    assert town.look() >= 1
    again = ROOT.issue(key=leaf.key, start=NOW - DAY)
    assert refused(lambda: town.register(again, mode=OFF)).code == "key-revoked"


def test_a_chain_ends_before_its_leaf(town: Town) -> None:
    between = ROOT.issue("Antara", authority=True, start=NOW - DAY, days=11)
    town.register(between.issue(start=NOW - DAY), between, mode=OFF)
    assert town.outcome(OFF, NOW + 10 * DAY) == "taken"
    assert town.outcome(OFF, NOW + 10 * DAY + timedelta(seconds=1)) == "certificate-chain-expired"


# --- asking -------------------------------------------------------------------------------------------------------


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


# --- uses and challenges ------------------------------------------------------------------------------------------


def test_a_certificate_is_registered_for_what_it_allows(town: Town) -> None:
    leaf = ROOT.issue(usage=key_usage(digital_signature=True), start=NOW - DAY)
    town.register(leaf, mode=OFF)
    assert [row.uses for row in town.office.reader.certificates("dpupr")] == ["sign tls"]
    caught = refused(lambda: town.register(leaf, mode=OFF, uses=frozenset({Use.ENCRYPT})))
    assert caught.code == "certificate-not-for-use"
    assert "encrypt" in caught.text
    sealing = ROOT.issue(usage=key_usage(key_agreement=True), start=NOW - DAY)
    assert refused(lambda: town.register(sealing, mode=OFF)).code == "certificate-not-for-use"  # signing is expected
    found = town.register(sealing, mode=OFF, uses=frozenset({Use.ENCRYPT}))
    assert {row.fingerprint: row.uses for row in town.office.reader.certificates("dpupr")}[found] == "encrypt"


def test_a_challenge_counts_once_and_for_a_week(town: Town) -> None:
    leaf = ROOT.issue(start=NOW - DAY)
    registry = town.registry(OFF)
    certificate = leaf.certificate

    def prove(challenge: bytes) -> str:
        proof = leaf.key.sign(challenge, ec.ECDSA(hashes.SHA256()))
        return registry.register_certificate("dpupr", certificate, challenge, proof, "staff/siti").fingerprint

    challenge = registry.challenge("dpupr", certificate, "satu")
    assert registry.challenge("dpupr", certificate, "satu") == challenge  # not used yet: the same
    town.office.now = NOW + CHALLENGE_LIFE
    assert refused(lambda: prove(challenge)).code == "challenge-expired"
    town.office.now -= timedelta(seconds=1)
    assert prove(challenge) == fingerprint(certificate)
    assert refused(lambda: prove(challenge)).code == "challenge-used"
    assert refused(lambda: registry.challenge("dpupr", certificate, "satu")).code == "challenge-used"
    forged = challenge.replace(b"satu", b"dua")
    assert refused(lambda: prove(forged)).code == "challenge-other"  # nobody gave it out
    again = registry.challenge("dpupr", certificate, "tiga")
    assert prove(again) == fingerprint(certificate)
    assert len(town.office.reader.all_certificates()) == 1


def test_a_failed_proof_does_not_spend_the_challenge(town: Town) -> None:
    leaf = ROOT.issue(start=NOW - DAY)
    registry = town.registry(OFF)
    challenge = registry.challenge("dpupr", leaf.certificate, "satu")

    def prove(proof: bytes) -> str:
        return registry.register_certificate("dpupr", leaf.certificate, challenge, proof, "staff/siti").fingerprint

    assert refused(lambda: prove(b"x")).code == "possession-not-proven"
    assert prove(leaf.key.sign(challenge, ec.ECDSA(hashes.SHA256()))) == fingerprint(leaf.certificate)


def test_an_expired_certificate_is_not_registered(town: Town) -> None:
    assert (
        refused(lambda: town.register(ROOT.issue(start=NOW - 9 * DAY, days=8), mode=OFF)).code == "certificate-expired"
    )
