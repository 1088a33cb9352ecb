"""Secrets and PINs are put in when a message leaves, and are nowhere in the store (Pasal 13(3), 20 d)."""

from __future__ import annotations

from gateway.office.signing import PinStep
from tests.databases import Behind
from tests.exchange import voices
from tests.exchange.stage import DEWI, RINA, SECRETS, Stage


def stored(stage: Stage) -> list[tuple[str, bytes]]:
    """Everything that lies on disk: all columns of all tables, and the files themselves."""
    with Behind(stage.settings.database_url) as behind:
        return behind.stored()


def holders(stage: Stage, secret: str) -> set[str]:
    return {name for name, value in stored(stage) if secret.encode() in value}


def test_no_secret_and_no_pin_is_stored_anywhere(stage: Stage) -> None:
    delivery = stage.requested()
    voices.answer(stage, delivery)
    voices.send_nib(stage)
    voices.any_report(stage)
    voices.ask_bill(stage)
    stage.deliver()
    challenge = stage.hub.signing.ask_pin(delivery.case_id, DEWI, PinStep.APPROVE)
    stage.deliver("sms")
    pin = stage.hub.store.master.pin(challenge.id)
    sent = stage.town.calls["sms"][-1].json
    assert pin in sent["message"]
    assert sent["passkey"] == SECRETS["sms"]["passkey"]
    for agency, named in SECRETS.items():
        for name, secret in named.items():
            # the bank names its partner id in each message: it is a number to tell partners apart, and no secret
            if name != "partner_id":
                assert holders(stage, secret) == set(), f"{agency}/{name}"
    assert holders(stage, f": {pin}.") == set()
    payloads = "".join(row.payload or "" for row in stage.hub.store.reader.deliveries())
    assert "{{pin:" in payloads
    assert "{{secret:passkey}}" in payloads


def test_the_key_of_oss_and_the_token_of_the_bank_are_hidden_in_stored_headers(stage: Stage) -> None:
    voices.send_nib(stage)
    stage.deliver("dukcapil")
    (case_id,) = [row[0] for row in stage.rows("permit_case")["permit_case"]]
    stage.hub.deeds.complete(case_id, RINA)
    stage.deliver("oss")
    (call,) = stage.town.calls["oss"]
    assert call.headers["user_key"] == SECRETS["oss"]["user_key"]
    row = stage.delivery(case_id, "oss")
    assert b'"user_key":"***"' in stage.parts(row.id)["sent-1-headers"]
    access = voices.ask_token(stage).json["accessToken"]
    voices.ask_bill(stage, token=access)
    (exchange,) = stage.exchanges("bank")
    assert b'"authorization":"***"' in stage.parts(exchange.id)["request-headers"]
    assert holders(stage, access) == set()
    for secret in SECRETS["oss"].values():
        assert holders(stage, secret) == set()


def test_an_applicants_name_asks_for_no_secret(stage: Stage) -> None:
    for name in ("{{secret:passkey}}", "{{pin:c-1}}", "Siti {{secret:basic_password}} Contoh"):
        case = stage.register(name=name)
        stage.deliver("dukcapil")
        said = stage.town.calls["dukcapil"][-1].json
        assert said["NAMA_LGKP"] == name
        assert said["PASSWORD"] == SECRETS["dukcapil"]["password"]
        assert stage.case(case.id).applicant.name == name


def test_a_notice_with_an_applicants_words_asks_for_no_secret(stage: Stage) -> None:
    case = stage.register()
    stage.deliver("dukcapil")
    stage.hub.deeds.complete(case.id, RINA)
    stage.hub.deeds.return_(case.id, RINA, ["{{secret:passkey}}"])
    stage.deliver("sms")
    message = stage.town.calls["sms"][-1].json["message"]
    assert "secret:passkey" in message
    assert SECRETS["sms"]["passkey"] not in message
