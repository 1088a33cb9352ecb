"""The tables of docs/security-attacks.md, from what the attacks do when they are run.

`.venv/bin/python -m tests.trust.wrapping.page` writes them anew; a test holds the page to them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from gateway.domain.errors import Refused
from tests.trust.jws_attacks.catalogue import ATTACKS
from tests.trust.parties import key, registered, verify
from tests.trust.wrapping.attack import Attack
from tests.trust.wrapping.catalogue import named
from tests.trust.wrapping.genuine import genuine
from tests.trust.wrapping.moves import PLACES, moves
from tests.trust.wrapping.naive import accepting

PAGE = Path(__file__).parents[3] / "docs" / "security-attacks.md"


def tables() -> dict[str, str]:
    """Every table that the page holds, by the name in its markers."""
    return {"moves": _moves(), "named": _named(), "jws": _jws()}


def filled(text: str) -> str:
    """The page with its tables as they are now."""
    for name, table in tables().items():
        begin, end = f"<!-- {name}: made by tests/trust/wrapping/page.py -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = text.partition(begin)
        _, _, behind = rest.partition(end)
        text = before + begin + table + end + behind
    return text


def _told(attack: Attack) -> tuple[str, tuple[str, ...]]:
    data = attack.make(genuine())
    try:
        verify(data, registered(key()))
    except Refused as refusal:
        return refusal.code, accepting(data, genuine().certificate_der)
    return "", accepting(data, genuine().certificate_der)


def _table(head: str, rows: Iterable[Iterable[str]]) -> str:
    columns = head.count("|") + 1
    body = "".join(f"| {' | '.join(each.replace('|', chr(92) + '|') for each in row)} |\n" for row in rows)
    return f"\n| {head} |\n|{'---|' * columns}\n{body}\n"


def _moves() -> str:
    made: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for each in moves():
        code, takers = _told(each)
        place = next(place for place in sorted(PLACES, key=len, reverse=True) if f"-to-{place}-" in each.name)
        made[place].append((code, bool(takers)))
    rows = []
    for place, (_, position, source) in PLACES.items():
        told = made[place]
        codes = ", ".join(f"`{code}`" for code in sorted({code for code, _ in told}))
        rows.append((position, source, codes, str(len(told)), str(sum(taken for _, taken in told))))
    return _table("where the signed part goes | source | our codes | combinations | accepted by another", rows)


def _named() -> str:
    rows = []
    for each in named():
        code, takers = _told(each)
        shown = f"`{code}`" if code else "read as it was signed"
        rows.append((each.name, each.theme, each.position, each.source, shown, ", ".join(takers) or "no"))
    return _table("name | theme | position | source | our code | accepted by", rows)


def _jws() -> str:
    rows = []
    for each in ATTACKS:
        code = (
            f"`{each.at_the_door}`" if each.at_the_door == each.code else f"`{each.code}`; `{each.at_the_door}` by HTTP"
        )
        rows.append((each.name, each.position, each.source, ", ".join(each.kinds), code))
    return _table("name | what | source | registered key | our code", rows)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
