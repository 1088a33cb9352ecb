"""What OSS says in receiveNIB since version 1.1 of its schema: null, numbers, firms without a NIK, other cities."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.exchange import voices
from tests.exchange.stage import Stage
from tests.exchange.tables.oss_nib import fresh, ids, refused, taken
from tests.exchange.tables.row import Row
from tests.exchange.voices import Said


def _and_back(stage: Stage) -> Said:
    """An update, another, and the first again: the case stands as the last one says."""
    before, said = ids(stage), fresh(stage, tipe_dokumen="5")
    for company in ("PT CONTOH SATU", "PT CONTOH DUA", "PT CONTOH SATU"):
        said["dataNIB"]["nama_perseroan"] = company
        answer = voices.send_nib(stage, said)
    (case_id,) = ids(stage) - before
    assert stage.case(case_id).applicant.company == "PT CONTOH SATU"
    return answer


def _as_oss_writes(example: str, *more: tuple[str, str]) -> Callable[[Stage], Said]:
    """An example of schema 1.1 about another permit, with members that are put into its text."""

    def play(stage: Stage) -> Said:
        folder = stage.hub.library.folder("oss/receiveNIB/1.1/request")
        said = json.loads((folder / f"examples/request/{example}.json").read_bytes())
        for number, entry in enumerate(said["dataNIB"]["data_checklist"]):
            entry["id_izin"] = 10**12 * (number + 1) + len(stage.rows("exchange")["exchange"])
        text = json.dumps(said)
        for member, value in more:
            text = text.replace('"dataNIB": {', f'"dataNIB": {{"{member}": {value}, ', 1)
        return voices.send_nib(stage, raw=text.encode())

    return play


def _passports(stage: Stage) -> Said:
    before, said = ids(stage), _as_oss_writes("directors-with-passports")(stage)
    (case_id,) = ids(stage) - before
    case = stage.case(case_id)
    assert case.applicant.nik is None
    assert "memakai paspor" in case.attention[0]
    assert [row.agency for row in stage.hub.store.reader.deliveries(case_id=case.id, limit=9)] == []
    return said


def _without_npwp(stage: Stage) -> Said:
    people = [{**fresh(stage)["dataNIB"]["penanggung_jwb"][0], "jns_identitas_penanggung_jwb": "02"}]
    return voices.send_nib(stage, fresh(stage, penanggung_jwb=people, npwp_perseroan="000000000000000"))


def _number_for_the_nib(stage: Stage) -> Said:
    return voices.send_nib(stage, fresh(stage, nib=9120000000017))


WRITTEN: tuple[Row, ...] = (
    taken(
        "an update back to an earlier state",
        "`tipe_dokumen` 5 with `nama_perseroan` A, B and A again",
        _and_back,
        "takes all three: what comes behind another of its permit is no repeat",
        kept=3,
    ),
    taken(
        "null where nothing is known",
        "`no_va`, `email_perusahaan`, `kewenangan` of the entry and others null",
        _as_oss_writes("nulls"),
        "as if they were not there",
    ),
    taken(
        "numbers where text was agreed",
        "`tipe_dokumen` 9, `kewenangan` 2, `kd_izin` 57600000001",
        _as_oss_writes("numbers"),
        "gives them their leading zeros back",
    ),
    taken(
        "numbers that not every reader keeps",
        "`nilai_investasi` 1.50, `no_va` 12345678901234567890",
        _as_oss_writes("one-permit", ("nilai_investasi", "1.50"), ("no_va", "12345678901234567890")),
        "reads them as their text; nobody reckons with them",
    ),
    refused(
        "the NIB as a number",
        "`nib` 9120000000017",
        _number_for_the_nib,
        "says how the token is made, of the NIB as text; counts it, keeps nothing",
        status=401,
        kept=0,
    ),
    taken(
        "a firm whose directors have passports",
        "each `jns_identitas_penanggung_jwb` 02, and an `npwp_perseroan`",
        _passports,
        "opens the case by the NPWP, without a NIK; Dukcapil is not asked",
        staff="“memakai paspor”: look at the director's papers; the registry's word is no condition for a firm",
    ),
    refused(
        "such a firm without an NPWP",
        "the same, `npwp_perseroan` zeros",
        _without_npwp,
        "takes none of its permits, and says that one of the two numbers is needed",
    ),
    taken(
        "a permit elsewhere beside one of the city",
        "an entry without `kewenangan` and `kd_daerah`, its project in 3578",
        _as_oss_writes("a-permit-elsewhere"),
        "opens the city's, and leaves the other to whoever is there",
    ),
)
"""receiveNIB 1.1, since agreement 1.2."""
