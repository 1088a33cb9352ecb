"""`simojo-conformance verify-receipt` and the hub come to the same verdict, by different code (Pasal 22(4))."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from conformance.cli import app
from conformance.notes import WitnessKey
from conformance.receipts import timestamp
from conformance.receipts.damage import CODES, Damaged
from conformance.receipts.judge import Trusted, judge
from conformance.receipts.words import DAMAGE, KINDS, WORDS
from gateway.domain.errors import LedgerBroken
from gateway.ledger.receipt import verify_receipt
from gateway.trust.timestamps import question, read_reply
from tests.ledger.receipts import (
    COSIGNER,
    KEY,
    PARTS,
    PEM,
    TRUSTED,
    Sample,
    certificate,
    corpus,
    cosigned,
    note_of,
    receipt,
)
from tests.operations.stamping import Authority

OTHERS = {"cosignature", "witness-missing", "timestamp"}
"""What is said of those who vouch for the checkpoint: the hub takes their word in, and does not judge it anew."""

SAMPLES = list(corpus())
GOOD = receipt()


def by_the_hub(sample: Sample) -> tuple[str, Any]:
    try:
        found = verify_receipt(sample.data, sample.key, sample.parts)
    except LedgerBroken as damage:
        return damage.code, None
    return "", (
        found.exchange,
        found.checkpoint.size,
        found.checkpoint.root,
        {index: (leaf.kind.value, leaf.at) for index, leaf in found.leaves.items()},
        found.opened,
        found.trusted,
        found.certificate_sha256,
    )


def by_itself(sample: Sample) -> tuple[str, Any]:
    try:
        found = judge(sample.data, Trusted(keys=[sample.key] if sample.key else []), sample.parts)
    except Damaged as damage:
        return damage.code, None
    return "", (
        found.exchange,
        found.checkpoint.size,
        found.checkpoint.root,
        {index: (leaf.kind, leaf.at) for index, leaf in found.leaves.items()},
        found.opened,
        found.trusted,
        found.certificate.sha256,
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=[each.name for each in SAMPLES])
def test_both_come_to_the_same_verdict(sample: Sample) -> None:
    code, _ = verdict = by_itself(sample)
    assert verdict == by_the_hub(sample)
    assert (code == "") == sample.name.startswith("good")


def test_the_samples_have_every_kind_of_damage() -> None:
    assert {by_itself(each)[0] for each in SAMPLES} == {*CODES, ""} - {"certificate-differs", *OTHERS}
    for language in ("id", "en"):
        assert set(DAMAGE[language]) == set(CODES)
        assert (WORDS[language].keys(), KINDS[language].keys()) == (WORDS["id"].keys(), KINDS["id"].keys())


@settings(max_examples=60, deadline=None)
@given(data=st.data(), size=st.integers(2, 600), salts=st.booleans(), witnessed=st.booleans())
def test_both_agree_on_receipts_of_every_place_and_size(
    data: st.DataObject, size: int, *, salts: bool, witnessed: bool
) -> None:
    document = receipt(size, data.draw(st.integers(0, size - 2)), salts=salts, witnessed=witnessed)
    sample = Sample("good", document, TRUSTED, PARTS if salts else {})
    assert by_itself(sample) == by_the_hub(sample)
    assert by_itself(sample)[0] == ""


@pytest.mark.filterwarnings("ignore:(Parsed|The parsed)")  # a changed certificate may be odd enough to be warned of
@settings(max_examples=400, deadline=None)
@given(place=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255))
def test_both_agree_on_every_changed_byte(place: int, byte: int) -> None:
    sample = Sample("", GOOD[:place] + bytes([byte]) + GOOD[place + 1 :], TRUSTED, PARTS)
    (code, found), (hubs, hubs_found) = by_itself(sample), by_the_hub(sample)
    if hubs == "leaf-not-canonical":  # a kind that only the hub knows not to be there: the tree says it too
        assert code in ("leaf-not-canonical", "inclusion-proof")
    else:
        assert (code, found) == (hubs, hubs_found)


# --- on the command line --------------------------------------------------------------------------------------------


class Bench:
    """A folder with files, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.put("receipt.json", GOOD)

    def put(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)

    def verify(self, *more: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["verify-receipt", str(self.folder / "receipt.json"), *more])
        return done.exit_code, done.output


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_trusted_receipt_with_all_its_parts_is_proven_and_the_rest_is_named(bench: Bench) -> None:
    parts = [f"--part={name}={bench.put(name, data)}" for name, data in PARTS.items()]
    code, said = bench.verify("--key", TRUSTED, "--certificate", bench.put("hub.pem", PEM.encode()), *parts)
    assert code == 0
    assert "TERBUKTI: pertukaran ex-1 tercatat di buku besar simojo.example/ledger." in said
    assert "PROVEN: exchange ex-1 is recorded in the ledger simojo.example/ledger." in said
    assert "Entri nomor 40: pesan diterima, 05-01-2026 10:04:05 WIB." in said
    assert "Berkas untuk bagian answer sama byte demi byte" in said
    assert "The hub's certificate in it is the one that you gave." in said
    assert "clock" in said.rpartition("What is not proven")[2]


def test_a_receipt_under_its_own_key_is_not_called_proven(bench: Bench) -> None:
    code, said = bench.verify()
    assert (code, said.startswith("BELUM TERBUKTI"), "NOT PROVEN YET" in said) == (3, True, True)
    assert f"kunci {TRUSTED} hanya diambil dari tanda bukti ini" in said
    assert "Isi bagian answer, request: berkasnya tidak diberikan" in said


def test_a_receipt_handed_out_before_an_erasure_still_verifies_and_one_after_it_says_what_is_closed(
    bench: Bench,
) -> None:
    part = f"--part=request={bench.put('request', PARTS['request'])}"
    assert bench.verify("--key", TRUSTED, part)[0] == 0
    bench.put("receipt.json", receipt(salts=False))
    code, said = bench.verify("--key", TRUSTED)
    assert (code, "no salt to open it, as when the data were erased" in said) == (0, True)
    assert bench.verify("--key", TRUSTED, part)[0] == 1


@pytest.mark.parametrize("name", ["another time", "other bytes", "another size", "cut off"])
def test_damage_is_said_in_both_languages_and_by_its_code(bench: Bench, name: str) -> None:
    (sample,) = (each for each in SAMPLES if each.name == name)
    bench.put("receipt.json", sample.data)
    parts = [f"--part={part}={bench.put(part, data)}" for part, data in sample.parts.items()]
    expected = by_itself(sample)[0]
    code, said = bench.verify(*parts)
    assert code == 1
    assert DAMAGE["id"][expected] in said
    assert DAMAGE["en"][expected] in said
    assert said.count(f"[{expected}]") == 2
    code, told = bench.verify("--json", *parts)
    assert (code, json.loads(told)["outcome"], json.loads(told)["code"]) == (
        1,
        "differs" if sample.parts else "damaged",
        expected,
    )


def test_programs_are_told_the_same(bench: Bench) -> None:
    code, said = bench.verify("--json", "--key", bench.put("key", TRUSTED.encode() + b"\n"))
    told = json.loads(said)
    assert (code, told["outcome"], told["exchange"], told["trusted"]) == (0, "proven", "ex-1", True)
    assert told["leaves"][1] == {
        "index": 41,
        "kind": "answered",
        "at": "2026-01-05T03:04:05+00:00",
        "agreement": "dpupr-2026/1.0",
        "parts": ["answer"],
    }
    assert told["parts"] == {"opened": [], "notGiven": ["answer", "request"], "withoutSalt": []}
    assert told["text"]["id"]["headline"].startswith("TERBUKTI")


def test_a_receipt_that_names_another_key_than_the_one_that_judged_it_says_so(bench: Bench) -> None:
    assert "verifierInReceipt" in json.loads(bench.verify("--json", "--key", TRUSTED)[1])
    assert "PERHATIAN" not in bench.verify("--key", TRUSTED)[1]
    named = TRUSTED[:-2] + ("A" if TRUSTED[-2] != "A" else "B") + TRUSTED[-1]
    bench.put("receipt.json", json.dumps({**json.loads(GOOD), "verifier": named}).encode())
    code, said = bench.verify("--key", TRUSTED)
    assert (code, f"PERHATIAN: berkas ini menyebut kunci {named}" in said) == (0, True)
    assert f"NOTE: this file names the key {named}, and it was judged by your key, {TRUSTED}" in said
    told = json.loads(bench.verify("--json", "--key", TRUSTED)[1])
    assert (told["verifierInReceipt"], told["verifier"]) == (named, TRUSTED)


@pytest.mark.parametrize("place", [-1, -20, 180])
def test_a_changed_byte_in_a_certificate_of_its_own_issue_is_damage(place: int) -> None:
    der = bytearray(x509.load_pem_x509_certificate(PEM.encode()).public_bytes(Encoding.DER))
    der[place] ^= 1
    text = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(der).decode()}\n-----END CERTIFICATE-----\n"
    document = json.dumps({**json.loads(GOOD), "certificate": text}).encode()
    sample = Sample("", document, TRUSTED, {})
    assert by_itself(sample) == by_the_hub(sample) == ("receipt-malformed", None)


def test_another_certificate_than_the_one_that_is_trusted_is_named(bench: Bench) -> None:
    assert bench.verify("--certificate", bench.put("hub.pem", b"no certificate"))[0] == 2
    bench.put("receipt.json", json.dumps({**json.loads(GOOD), "certificate": certificate(8)}).encode())
    code, said = bench.verify("--certificate", bench.put("hub.pem", PEM.encode()))
    assert (code, "[certificate-differs]" in said) == (1, True)


@pytest.mark.parametrize(
    "more", [("--part", "request"), ("--part", "request=nowhere"), ("--key", "nowhere"), ("--key", "a+b+c")]
)
def test_a_command_that_cannot_be_followed_says_nothing_of_the_receipt(bench: Bench, more: tuple[str, ...]) -> None:
    code, said = bench.verify(*more)
    assert (code, "PROVEN" in said) == (2, False)


# --- witnesses and timestamps ---------------------------------------------------------------------------------------

STRANGER = WitnessKey("saksi.lain.example", bytes(range(32)))


def test_a_line_of_a_witness_is_judged_by_its_key_and_without_one_it_is_said_to_be_not_judged(bench: Bench) -> None:
    """C2SP tlog-cosignature: the time is the witness's, and is signed too."""
    bench.put("receipt.json", receipt(witnessed=True))
    code, said = bench.verify("--key", TRUSTED)
    assert code == 0
    assert "Co-signed by saksi.dpupr.example (05-01-2026 10:04:10 WIB): not judged, no key given" in said
    assert "Ikut ditandatangani oleh drc.example/witness (tanpa waktu yang terbaca): tidak dinilai" in said
    assert "everybody sees the same ledger" in said
    code, said = bench.verify("--key", TRUSTED, "--witness", bench.put("saksi", COSIGNER.verifier.encode()))
    assert code == 0
    assert "The witness saksi.dpupr.example co-signed that statement (05-01-2026 10:04:10 WIB" in said
    assert "everybody sees the same ledger" not in said
    told = json.loads(bench.verify("--witness", COSIGNER.verifier, "--json")[1])["witnesses"]
    assert told == {
        "judged": [{"witness": "saksi.dpupr.example", "at": "2026-01-05T03:04:10+00:00"}],
        "notJudged": [{"witness": "drc.example/witness", "at": None}],
    }


def test_of_several_lines_of_a_witness_the_newest_counts() -> None:
    document = json.loads(GOOD)
    for time in (30, 20):
        document["checkpoint"] = cosigned(document["checkpoint"], time)
    verdict = judge(json.dumps(document).encode(), Trusted(witnesses=[COSIGNER.verifier]))
    assert [each.at for each in verdict.witnessed.judged] == [datetime(1970, 1, 1, 0, 0, 30, tzinfo=UTC)]


def test_as_many_witnesses_as_are_needed_have_to_have_co_signed(bench: Bench) -> None:
    both = ("--witness", COSIGNER.verifier, "--witness", STRANGER.verifier)
    assert bench.verify("--key", TRUSTED, *both[:2])[0] == 1
    bench.put("receipt.json", receipt(witnessed=True))
    code, said = bench.verify("--key", TRUSTED, *both)
    assert (code, "[witness-missing]" in said, "saksi.lain.example" in said) == (1, True, True)
    assert bench.verify("--key", TRUSTED, *both, "--need", "1")[0] == 0
    assert bench.verify("--key", TRUSTED, *both, "--need", "3")[0] == 2
    assert bench.verify("--key", TRUSTED, "--witness", TRUSTED)[0] == 2  # a ledger's key is no witness's


@pytest.mark.parametrize("place", [-5, -40, -90], ids=["last", "signature", "time"])
def test_a_line_that_was_changed_is_found_by_who_has_its_key(place: int) -> None:
    document = json.loads(receipt(witnessed=True))
    note = document["checkpoint"][:-1]
    other = "A" if note[place] != "A" else "B"
    document["checkpoint"] = f"{note[:place]}{other}{note[len(note) + place + 1 :]}\n"
    data = json.dumps(document).encode()
    judge(data)
    with pytest.raises(Damaged) as caught:
        judge(data, Trusted(witnesses=[COSIGNER.verifier]))
    assert caught.value.code == "cosignature"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    if shutil.which("openssl") is None:
        pytest.skip("the independent authority, openssl ts, is not on this machine")
    made = Authority(tmp_path_factory.mktemp("tsa"))
    yield made
    made.close()


def stamped(authority: Authority, note: str) -> bytes:
    digest = sha256(note.encode()).digest()
    return read_reply(authority.stamp(question(digest, 7)), digest, 7, [authority.root]).token


def test_a_timestamp_is_judged_by_its_authority_and_holds_for_the_note_without_witnesses(
    bench: Bench, authority: Authority, tmp_path: Path
) -> None:
    """RFC 3161: the token is over the note as the ledger signed it, whoever co-signs it later."""
    token = stamped(authority, note_of())
    bench.put("receipt.json", receipt(timestamp=token, witnessed=True))
    code, said = bench.verify("--key", TRUSTED)
    assert (code, "RFC 3161 timestamp (" in said, "not judged, no certificate of its authority" in said) == (
        0,
        True,
        True,
    )
    code, said = bench.verify("--key", TRUSTED, "--tsa", str(authority.ca_file))
    assert (code, "A timestamp authority states that the statement was there at" in said) == (0, True), said
    assert bench.verify("--key", TRUSTED, "--tsa", str(authority.folder / "tsa.pem"))[0] == 0
    told = json.loads(bench.verify("--tsa", str(authority.ca_file), "--json")[1])["timestamp"]
    assert (told["judged"], datetime.fromisoformat(told["at"]).tzinfo) == (True, UTC)
    other = Authority(tmp_path)
    other.close()
    code, said = bench.verify("--key", TRUSTED, "--tsa", str(other.ca_file))
    assert (code, "[timestamp]" in said) == (1, True)
    bench.put("receipt.json", receipt(301, 40, timestamp=token))  # of another checkpoint
    assert bench.verify("--key", TRUSTED, "--tsa", str(authority.ca_file))[0] == 1
    bench.put("receipt.json", GOOD)
    assert bench.verify("--key", TRUSTED, "--tsa", str(authority.ca_file))[0] == 0  # there is none to judge
    assert bench.verify("--tsa", bench.put("none.pem", b"no certificate"))[0] == 2


def test_every_changed_byte_of_a_timestamp_is_found_or_says_the_same(authority: Authority) -> None:
    note = note_of()
    token = stamped(authority, note)
    good = timestamp.judge_timestamp(token, note.encode(), [authority.root])
    codes = set()
    for place in range(0, len(token), 3):
        changed = token[:place] + bytes([token[place] ^ 1]) + token[place + 1 :]
        timestamp.time_of(changed)
        try:
            assert timestamp.judge_timestamp(changed, note.encode(), [authority.root]).at == good.at
        except Damaged as damage:
            codes.add(damage.code)
    assert codes == {"timestamp"}


def test_an_authority_whose_certificate_is_not_for_timestamps_is_refused() -> None:
    assert KEY.name in timestamp.stamped_note(cosigned(note_of()), KEY.name).decode()
    assert timestamp.stamped_note(cosigned(note_of()), KEY.name) == note_of().encode()
    with pytest.raises(Damaged):
        timestamp.judge_timestamp(b"no token", b"", [])
