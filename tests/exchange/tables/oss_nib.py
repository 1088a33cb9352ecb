"""What OSS says in receiveNIB: a token of Jakarta's day, repeats without an id, and more lengths than one."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from unittest import mock

from adapters.oss import nib
from conformance.signing import oss
from gateway.domain.calendar import JAKARTA, local_date
from tests.exchange import voices
from tests.exchange.stage import SECRETS, Stage
from tests.exchange.tables.row import Does, Row
from tests.exchange.voices import Said

NIB = "0000000000017"
TOLD = "nothing of it on a case; OSS mends it and sends again"


def fresh(stage: Stage, *, id_izin: str = "", **members: Any) -> dict[str, Any]:
    """A NIB with one permit that nobody has asked for yet."""
    said = voices.nib(stage, **members)
    number = len(stage.rows("exchange")["exchange"])
    said["dataNIB"]["data_checklist"][0]["id_izin"] = id_izin or f"I-2026-{number:06}"
    return said


def lodged(stage: Stage, kd_izin: str = "057600000001") -> str:
    """A case that OSS opened; gives its id."""
    before = ids(stage)
    said = fresh(stage)
    said["dataNIB"]["data_checklist"][0]["kd_izin"] = kd_izin
    assert voices.send_nib(stage, said).status == 200
    (case_id,) = ids(stage) - before
    return case_id


def ids(stage: Stage) -> set[str]:
    """The cases that there are."""
    return {row[0] for row in stage.rows("permit_case")["permit_case"]}


def _token(at: datetime) -> str:
    return oss.token(SECRETS["oss"]["username"], SECRETS["oss"]["password"], NIB, at)


def _at_midnight(minutes: int, token_minutes: int) -> Callable[[Stage], Said]:
    """So many minutes after Jakarta's midnight a message comes whose token was made at another minute of it."""

    def play(stage: Stage) -> Said:
        midnight = datetime.combine(local_date(stage.clock()) + timedelta(days=2), time(), JAKARTA).astimezone(UTC)
        stage.clock.at = midnight + timedelta(minutes=minutes)
        token = _token(midnight + timedelta(minutes=token_minutes))
        return voices.send_nib(stage, fresh(stage), token=token)

    return play


def _twice(stage: Stage) -> Said:
    said = fresh(stage)
    first = voices.send_nib(stage, said)
    again = voices.send_nib(stage, said)
    assert again.body == first.body
    return again


def _anew_on_the_next_day(stage: Stage) -> Said:
    said = fresh(stage)
    first = voices.send_nib(stage, said)
    stage.clock.advance(days=1)
    other = {"dataNIB": dict(reversed(said["dataNIB"].items()))}
    again = voices.send_nib(stage, raw=json.dumps(other, indent=2).encode())
    assert again.body == first.body
    return again


def _original_in_other_words(stage: Stage) -> Said:
    said = fresh(stage)
    voices.send_nib(stage, said)
    said["dataNIB"]["nama_perseroan"] = "PT CONTOH LAIN"
    return voices.send_nib(stage, said)


def _three_lengths(stage: Stage) -> Said:
    number = len(stage.rows("exchange")["exchange"])
    return [voices.send_nib(stage, fresh(stage, id_izin=f"{number:0{length}}")) for length in (13, 25, 30)][-1]


def _after_mapping(stage: Stage) -> Said:
    """The code is mapped while OSS waits to send again."""
    said = fresh(stage)
    said["dataNIB"]["data_checklist"][0]["kd_izin"] = "057600000099"
    first = voices.send_nib(stage, said)
    assert first.json["responreceiveNIB"]["status"] == "2"
    with mock.patch.object(nib, "SAMPLE_SERVICES", {**nib.SAMPLE_SERVICES, "057600000099": "pbg"}):
        return voices.send_nib(stage, said)


def _beside_another(stage: Stage) -> Said:
    said = fresh(stage)
    (one,) = said["dataNIB"]["data_checklist"]
    other = {**one, "id_izin": f"{one['id_izin']}-B", "kd_izin": "057600000099"}
    said["dataNIB"]["data_checklist"].append(other)
    return voices.send_nib(stage, said)


def _with(path: str, value: str) -> Callable[[Stage], Said]:
    def play(stage: Stage) -> Said:
        said = fresh(stage)
        at: Any = said["dataNIB"]
        *way, last = path.split("/")
        for step in way:
            at = at[int(step)] if step.isdigit() else at[step]
        at[last] = value
        return voices.send_nib(stage, said)

    return play


def _suspended(stage: Stage) -> Said:
    stage.suspend("oss")
    try:
        return voices.send_nib(stage, fresh(stage))
    finally:
        stage.suspend("oss", None)


def _row(
    name: str,
    wire: str,
    speak: Callable[[Stage], Said],
    does: Does,
    status: int,
    hub: str,
    *,
    cases: int,
    kept: int,
    staff: str = "-",
) -> Row:
    """A message of OSS, or several: afterwards there are so many cases more, and so many exchanges are kept."""
    verdict = "1" if does is Does.TAKE else "2"

    def count(stage: Stage) -> tuple[int, int]:
        rows = stage.rows("permit_case", "exchange")
        return len(rows["permit_case"]), len(rows["exchange"])

    def play(stage: Stage) -> None:
        before = count(stage)
        said = speak(stage)
        assert (said.status, said.json["responreceiveNIB"]["status"]) == (status, verdict)
        assert count(stage) == (before[0] + cases, before[1] + kept)

    told = f"{hub} (HTTP {status}, status {verdict})"
    return Row(name=name, wire=wire, does=does, hub=told, play=play, staff=staff)


def taken(
    name: str, wire: str, speak: Callable[[Stage], Said], hub: str, *, cases: int = 1, kept: int = 1, staff: str = "-"
) -> Row:
    """A message, or the last of several, that is taken."""
    return _row(name, wire, speak, Does.TAKE, 200, hub, cases=cases, kept=kept, staff=staff)


def refused(
    name: str,
    wire: str,
    speak: Callable[[Stage], Said],
    hub: str,
    *,
    status: int = 400,
    kept: int = 1,
    staff: str = TOLD,
) -> Row:
    """One that is not."""
    return _row(name, wire, speak, Does.REFUSE, status, hub, cases=0, kept=kept, staff=staff)


IN: tuple[Row, ...] = (
    taken(
        "the token of yesterday",
        "at 00:05 in Jakarta, `Token` of 23:59",
        _at_midnight(5, -1),
        "both days count for ten minutes around midnight",
    ),
    taken("the token of tomorrow", "at 23:55, `Token` of 00:01", _at_midnight(-5, 1), "the same"),
    refused(
        "the token of yesterday, too late",
        "at 00:11, `Token` of 23:59",
        _at_midnight(11, -1),
        "says that it is of another day; counts it, keeps nothing",
        status=401,
        kept=0,
    ),
    refused(
        "another token",
        "`Token` of another password",
        lambda stage: voices.send_nib(stage, fresh(stage), token="0" * 40),
        "says how it is made; counts it, keeps nothing",
        status=401,
        kept=0,
    ),
    taken(
        "the same message again",
        "the same bytes, twice",
        _twice,
        "the same answer, and nothing happens twice: the content is its identity",
    ),
    taken(
        "the same content in a new envelope",
        "the next day, with that day's token, in another order and spacing",
        _anew_on_the_next_day,
        "the same answer, and nothing happens twice",
    ),
    taken(
        "an original again, in other words",
        "`tipe_dokumen` 9 of a known `id_izin`, another `nama_perseroan`",
        _original_in_other_words,
        "kept, and opens no second case: one `id_izin` opens one",
        kept=2,
    ),
    taken(
        "three lengths of one field",
        "`id_izin` of 13, 25 and 30 characters",
        _three_lengths,
        "each is given back as it came",
        cases=3,
        kept=3,
    ),
    taken(
        "a permit of the province",
        "`kewenangan` 01",
        _with("data_checklist/0/kewenangan", "01"),
        "leaves it to that authority",
        cases=0,
    ),
    refused(
        "a permit that is not mapped",
        "`kd_izin` 057600000099, and no other permit",
        _with("data_checklist/0/kd_izin", "057600000099"),
        "names it, as a fault of its own that binds nothing",
        status=500,
        staff="the exchange, refused with `mapping-fault`: map the code; OSS sends again",
    ),
    taken(
        "a permit that was not mapped, sent again",
        "the same message, once the code is mapped",
        _after_mapping,
        "takes it: a refusal of what bears no id binds nothing",
        kept=2,
    ),
    taken(
        "a permit that is not mapped beside one that is",
        "`kd_izin` 057600000001 and 057600000099",
        _beside_another,
        "opens the one, and its case tells an officer of the other",
        staff="“OSS juga meminta izin”: lodge it at the counter, or map the code and have OSS send an update",
    ),
    refused(
        "a person who cannot be read",
        "`no_identitas_penanggung_jwb` of a passport",
        _with("penanggung_jwb/0/no_identitas_penanggung_jwb", "X0000017"),
        "takes none of its permits, and names the field",
    ),
    refused(
        "a document type that does not exist",
        "`tipe_dokumen` 7",
        _with("tipe_dokumen", "7"),
        "names the place in the agreed schema",
    ),
    refused(
        "no JSON",
        "`{`",
        lambda stage: voices.send_nib(stage, raw=b"{"),
        "counts it, keeps nothing",
        kept=0,
    ),
    refused(
        "while the agency is suspended",
        "a message in order",
        _suspended,
        "keeps it as a refusal; the same message may be let in later",
        status=403,
        staff="nothing of it on a case; lift the suspension, and OSS sends again",
    ),
)
"""receiveNIB."""
