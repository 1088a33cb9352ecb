"""Files of records at the end of the day: what the bank settled, and what BPKPD has in its books (22(4)b)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.cli.demo.office import Office
from gateway.cli.demo.screen import Screen


def settle(office: Office, screen: Screen, paid: Mapping[str, Any]) -> None:
    """Let both deliver a file about a paid case, the bank with a line of nobody's account; tell each record's end."""
    screen.deed("Bank", "delivers its settlement: two records, one of an account that nobody has")
    said = office.agency("bank", "settle", {"accounts": [paid["paymentCode"]], "unknown": 1})
    _tell(screen, said, "virtualAccountNo")
    screen.deed("BPKPD", "delivers its list of realised retribusi: one record")
    booked = {"skrd": paid["skrdNumber"], "code": paid["paymentCode"], "amount": paid["amount"]}
    _tell(screen, office.agency("bpkpd", "realised", {"booked": [booked]}), "key")


def _tell(screen: Screen, said: Mapping[str, Any], key: str) -> None:
    report = said["report"]
    counts = ", ".join(f"{report[each]} {each}" for each in ("accepted", "declined", "invalid", "failed"))
    screen.say(
        f"          {report['batch']}: {report['received']} bytes, cut off after the first piece and resumed at byte "
        f"{said['resumedAt']}; {report['state']}, {counts}"
    )
    for each in said["results"]:
        text = f": {each['text']}" if each.get("text") else ""
        screen.say(f"          record {each['number']} ({each.get(key) or 'no key'}) {each['outcome']}{text}")
