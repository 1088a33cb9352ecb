"""BSrE's signing service: states of officials, codes, files that are none, and what its server says by itself."""

from __future__ import annotations

from gateway.domain.case import PermitCase
from gateway.domain.case import Stage as At
from gateway.office.signing import PinStep
from tests.exchange.signatures import (
    damaged,
    delivery,
    document,
    error,
    file,
    of_the_server,
    prepared,
    released,
    send,
)
from tests.exchange.stage import DEWI, Stage
from tests.exchange.tables.answers import DEAD_LETTER, HTML
from tests.exchange.tables.row import Does, Row
from tests.exchange.town import Answer, raw, says, signed

SIGN_AGAIN = "the official asks for a new PIN and signs again"
ISSUE = says({"status": "ISSUE"})


def signed_again(stage: Stage, case: PermitCase) -> PermitCase:
    """The official tries again, and the service signs."""
    released(stage, case)
    send(stage, case)
    return stage.case(case.id)


def _kinds(stage: Stage, case: PermitCase) -> list[str]:
    return [row.kind for row in stage.hub.store.reader.documents(case.id)]


# --- the state of the official ------------------------------------------------------------------------------------


def _state(name: str, wire: str, answer: dict[str, object], said: str, staff: str) -> Row:
    def play(stage: Stage) -> None:
        case = prepared(stage)
        stage.town.next("bsre", says(answer))
        stage.hub.signing.ask_pin(case.id, DEWI, PinStep.SIGN)
        send(stage, case)
        now = stage.case(case.id)
        assert now.stage is At.PREPARED
        (text,) = now.attention
        assert said in text

    hub = "before a passphrase is given; the document waits for its signature"
    return Row(name=name, wire=wire, does=Does.ASK, hub=hub, play=play, staff=f"“{said}”; {staff}")


def _named(state: str, said: str, staff: str) -> Row:
    return _state(f"the official is {state}", f'`{{"status": "{state}"}}`', {"status": state}, said, staff)


def _can_sign(stage: Stage) -> None:
    case = prepared(stage)
    stage.hub.signing.ask_pin(case.id, DEWI, PinStep.SIGN)
    send(stage, case)
    assert stage.state(delivery(stage, case, "user-status")) == "answered"
    assert stage.case(case.id).attention == ()


STATES: tuple[Row, ...] = (
    Row(
        name="the official can sign",
        wire='`{"status": "ISSUE"}`',
        does=Does.TAKE,
        hub="nothing else",
        play=_can_sign,
    ),
    _named("EXPIRED", "kedaluwarsa", "have a new certificate issued"),
    _named("RENEW", "pembaruan", "finish the renewal"),
    _named("waiting_for_verification", "verifikator", "ask the office's verifier"),
    _named("NEW", "aktivasi", "follow the link from BSrE"),
    _named("NO_CERTIFICATE", "penerbitan sertifikat", "ask for one"),
    _named("NOT_REGISTERED", "daftarkan", "register, and look at the NIK in SIMOJO"),
    _named("SUSPEND", "hubungi BSrE", "ask BSrE"),
    _named("REVOKE", "dicabut", "have a new one issued, or another official signs"),
    _named("SOMETHING", "SOMETHING", "ask BSrE what it means"),
    _state(
        "the official is not known",
        '`{"status_code": 2011}`',
        {"status_code": 2011, "error": "tidak ada"},
        "daftarkan",
        "register, and look at the NIK in SIMOJO",
    ),
)
"""Replies to user-status, asked when the official asks for a PIN."""


# --- the signature ------------------------------------------------------------------------------------------------


def _later(name: str, wire: str, answer: Answer, state: str, hub: str = "the same") -> Row:
    def play(stage: Stage) -> None:
        case = prepared(stage)
        stage.town.next("bsre", ISSUE, answer)
        released(stage, case)
        send(stage, case)
        assert (stage.state(delivery(stage, case)), stage.case(case.id).stage) == (state, At.SIGNING)
        stage.clock.advance(minutes=1)
        send(stage, case)
        now = stage.case(case.id)
        assert (now.stage, now.attention, now.signature_not_given) == (At.ACTIVE, (), None)
        assert _kinds(stage, case).count("permit-signed") == 1

    return Row(name=name, wire=wire, does=Does.RETRY, hub=f"{hub} (`{state}`)", play=play, staff="the stage `signing`")


def _person(
    name: str, wire: str, answer: Answer, said: str, state: str = "answered", hub: str = "the file is not used"
) -> Row:
    def play(stage: Stage) -> None:
        case = prepared(stage)
        stage.town.next("bsre", ISSUE, answer)
        challenge = released(stage, case)
        send(stage, case)
        now = stage.case(case.id)
        assert (stage.state(delivery(stage, case)), now.stage) == (state, At.PREPARED)
        assert said in " ".join(now.attention)
        assert now.signature_not_given is not None
        assert said in now.signature_not_given.text
        assert stage.hub.store.reader.held_secret(challenge) is None
        assert _kinds(stage, case) == ["permit-prepared"]
        assert signed_again(stage, case).stage is At.ACTIVE

    told = f"{hub} (`{state}`)"
    return Row(name=name, wire=wire, does=Does.ASK, hub=told, play=play, staff=f"“{said}”; {SIGN_AGAIN}")


def _wrong_passphrase(stage: Stage) -> None:
    case = prepared(stage)
    stage.town.next("bsre", ISSUE, error(2031, "Passphrase anda salah"))
    released(stage, case)
    send(stage, case)
    now = stage.case(case.id)
    assert (now.stage, now.attention) == (At.PREPARED, ())
    assert now.signature_not_given is not None
    assert now.signature_not_given.reason == "wrong-passphrase"
    assert signed_again(stage, case).signature_not_given is None


NO_FORM = "bukan dokumen terkirim yang ditandatangani"

SIGNING: tuple[Row, ...] = (
    _later(
        "its server fails",
        'HTTP 500 `{"status": 500}`',
        of_the_server(500),
        "not-sent",
        "by the agreed schedule, while the passphrase is held",
    ),
    _later("its server is closed", 'HTTP 503 `{"status": 503}`', of_the_server(503), "not-sent"),
    _later("the same without a body", "HTTP 503", raw(b"", 503), "not-sent"),
    _later("its server fails, with a page", "HTTP 500", raw(b"oops", 500), "unknown"),
    _later("a page in place of an answer", "HTTP 200, HTML", raw(HTML), "unknown"),
    _later(
        "nonsense", "HTTP 200, bytes that are no JSON", raw(b"\x00\xff}{<", content_type="application/json"), "unknown"
    ),
    _later("a document that is none of the agreed", "HTTP 200 `[]`", says([]), "unknown"),
    _later("an answer that says nothing", "HTTP 200 `{}`", says({}), "unknown"),
    Row(
        name="a wrong passphrase or TOTP",
        wire='HTTP 400 `{"status_code": 2031}`',
        does=Does.REFUSE,
        hub="records `SignatureNotGiven` (`wrong-passphrase`); calls nobody",
        play=_wrong_passphrase,
        staff=f"the reason, the official alone; {SIGN_AGAIN}",
    ),
    _person(
        "the official is not registered",
        'HTTP 400 `{"status_code": 2011}`',
        error(2011, "User tidak terdaftar"),
        "daftarkan pejabat",
        hub="nothing was signed",
    ),
    _person(
        "another code",
        'HTTP 400 `{"status_code": 2021}`',
        error(2021, "Status sertifikat EXPIRED"),
        "2021",
        hub="nothing was signed",
    ),
    _person(
        "an error without a code",
        'HTTP 400 `{"error": "Bad Request"}`',
        says({"error": "Bad Request"}, 400),
        "Bad Request",
        hub="nothing was signed",
    ),
    _person(
        "its server refuses the office",
        'HTTP 401 `{"status": 401}`',
        of_the_server(401),
        "basic_user",
        hub="nothing was signed",
    ),
    _person("the same with a page", "HTTP 401", raw(b"no", 401), "HTTP 401", "dead", DEAD_LETTER),
    _person("another address was agreed", "HTTP 404", raw(b"no", 404), "Instansi menolak pesan", "dead", DEAD_LETTER),
    _person("no file", '`{"file": []}`', says({"file": []}), "tanpa satu berkas"),
    _person("a file that is no base64", "`%PDF-1.7 ...`", says({"file": ["%PDF-1.7 ..."]}), "tanpa satu berkas"),
    _person("a file that is no PDF", "a text", file(lambda: b"bukan PDF"), NO_FORM),
    _person("the file as it was sent", "the document itself", file(document), "0 signatures"),
    _person("another document, signed", "a PDF that begins otherwise", file(lambda: signed(document("002"))), NO_FORM),
    _person("a signature that does not fit", "one bit differs", file(damaged), NO_FORM),
    _person(
        "something added after the signature",
        "a line more at the end",
        file(lambda: signed(document()) + b"\n% lagi\n"),
        "added after its last signature",
    ),
)
"""Replies to sign-pdf."""
