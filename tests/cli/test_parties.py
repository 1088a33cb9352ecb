"""`simojo agency`, `agreement` and `staff`: what staff keep, from the shell; and a proof that openssl made."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from gateway.domain.calendar import local_date
from gateway.validation.agreement_file import AGREEMENTS, latest_agreements, packaged_agreements
from tests.cli.conftest import Simojo, opened_at
from tests.databases import Behind
from tests.office.house import APART, NOW

pytestmark = pytest.mark.usefixtures("home")

SHIPPED = tuple(each for each in latest_agreements(local_date(NOW)).values() if each.agency not in APART)
"""What the store of these tests was furnished with: that of an office that signs by itself."""


# --- agency -------------------------------------------------------------------------------------------------------


def test_agencies_are_listed_with_what_they_may(simojo: Simojo, database: Behind) -> None:
    database.execute("UPDATE agency SET suspended = 'berbeda' WHERE id = 'bank'")
    lines = [line.split(maxsplit=2) for line in simojo("agency", "list").out.splitlines()]
    others = {each.agency for each in SHIPPED} - {"bank"}
    said = {line[0]: line[2].strip() for line in lines}
    assert said == {"bank": "berbeda", **dict.fromkeys(others, "may exchange")}


def test_an_endpoint_is_set(simojo: Simojo, database: Behind) -> None:
    assert simojo("agency", "endpoint", "sms", "https://sms.example").out == "sms listens at https://sms.example\n"
    simojo("agency", "endpoint", "sms", "https://pin.example/x", "--interaction", "send-pin")
    rows = database.execute("SELECT interaction, url FROM endpoint WHERE agency = 'sms' ORDER BY 1").fetchall()
    assert rows == [("*", "https://sms.example"), ("send-pin", "https://pin.example/x")]
    assert "[endpoint-invalid]" in simojo("agency", "endpoint", "sms", "sms.example").sentence


def test_an_endpoint_that_nobody_could_call_is_not_set(simojo: Simojo, database: Behind) -> None:
    database.execute("DELETE FROM endpoint")
    assert "[endpoint-invalid]" in simojo("agency", "endpoint", "sms", "http://127.0.0.1:999999/").sentence
    said = simojo("agency", "endpoint", "sms", "https://sms.example", "--interaction", "kirim-pin").sentence
    assert "[interaction-unknown]" in said
    assert "'kirim-pin'; it has send-" in said
    assert database.execute("SELECT count(*) FROM endpoint").fetchone() == (0,)


def test_a_secret_is_read_from_standard_input_and_sealed(home: Path, simojo: Simojo, database: Behind) -> None:
    done = simojo("agency", "credential", "bank", "client_secret", stdin="rahasia-17\r\n")
    assert (done.code, done.out) == (0, "credential client_secret of bank is set\n")
    assert [name for name, value in database.stored() if b"rahasia-17" in value] == []
    house = opened_at(home)
    assert house.gateway.store.vault.secrets.credential("bank", "client_secret") == "rahasia-17"
    house.gateway.stop()
    assert "[credential-empty]" in simojo("agency", "credential", "bank", "x", stdin="\n").sentence


@pytest.mark.parametrize(
    "words",
    [("endpoint", "rumah", "https://a.example"), ("credential", "rumah", "x"), ("challenge", "rumah", "keys/hub.pem")],
    ids=lambda words: words[0],
)
def test_an_agency_without_an_adapter_is_named(simojo: Simojo, words: tuple[str, ...]) -> None:
    assert "'rumah'" in simojo("agency", *words, stdin="x\n").sentence


def openssl(home: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=home, check=True, capture_output=True)


@pytest.fixture
def holder(home: Path) -> str:
    """A key and certificate that openssl made; gives the certificate's fingerprint."""
    openssl(home, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
            "-subj", "/CN=dpupr", "-days", "90")  # fmt: skip
    openssl(home, "x509", "-in", "cert.pem", "-outform", "der", "-out", "cert.der")
    return hashlib.sha256((home / "cert.der").read_bytes()).hexdigest()


def prove(home: Path, simojo: Simojo, agency: str = "dpupr") -> None:
    (home / "challenge.txt").write_text(simojo("agency", "challenge", agency, "cert.pem").out)
    openssl(home, "dgst", "-sha256", "-sign", "key.pem", "-out", "proof.bin", "challenge.txt")


def certify(simojo: Simojo, certificate: str = "cert.pem", proof: str = "proof.bin") -> tuple[str | Path, ...]:
    return ("agency", "certify", "dpupr", certificate, "challenge.txt", proof)


@pytest.mark.parametrize("certificate", ["cert.pem", "cert.der"])
@pytest.mark.parametrize("form", ["binary", "base64"])
def test_a_certificate_is_registered_with_a_proof_by_openssl(
    home: Path, simojo: Simojo, holder: str, database: Behind, certificate: str, form: str
) -> None:
    prove(home, simojo)
    if form == "base64":
        (home / "proof.bin").write_bytes(base64.encodebytes((home / "proof.bin").read_bytes()))
    done = simojo(*certify(simojo, certificate))
    assert (done.code, done.out) == (0, f"certificate {holder} is registered for dpupr\n")
    assert database.execute("SELECT fingerprint, agency FROM certificate").fetchall() == [(holder, "dpupr")]


def test_two_challenges_are_never_the_same(home: Path, simojo: Simojo, holder: str) -> None:
    said = {simojo("agency", "challenge", "dpupr", "cert.pem").out for _ in range(3)}
    assert len(said) == 3
    assert all(f"certificate: {holder}\n" in text for text in said)


def test_a_proof_by_another_key_or_of_another_agency_registers_nothing(
    home: Path, simojo: Simojo, holder: str, database: Behind
) -> None:
    prove(home, simojo, "bank")
    assert "[challenge-other]" in simojo(*certify(simojo)).sentence
    prove(home, simojo)
    for proof in (b"\x00" * 256, b"kurang", b"====", b""):
        (home / "proof.bin").write_bytes(proof)
        assert "[possession-not-proven]" in simojo(*certify(simojo)).sentence
    (home / "cert.pem").write_text("bukan sertifikat")
    assert "[certificate-malformed]" in simojo(*certify(simojo)).sentence
    assert holder not in str(database.execute("SELECT * FROM certificate").fetchall())


def test_a_certificate_is_revoked_by_its_fingerprint(home: Path, simojo: Simojo, holder: str, database: Behind) -> None:
    prove(home, simojo)
    simojo(*certify(simojo))
    done = simojo("agency", "revoke", holder.upper(), "--reason", "kunci hilang")
    assert done.code == 0
    assert database.execute("SELECT revoked_because FROM certificate").fetchall() == [("kunci hilang",)]
    assert "[challenge-used]" in simojo(*certify(simojo)).sentence
    prove(home, simojo)
    assert "[certificate-revoked]" in simojo(*certify(simojo)).sentence
    assert "[certificate-unknown]" in simojo("agency", "revoke", "0" * 64, "--reason", "x").sentence


def test_the_digits_that_are_shown_everywhere_are_enough_to_revoke_by(
    home: Path, simojo: Simojo, holder: str, database: Behind
) -> None:
    prove(home, simojo)
    simojo(*certify(simojo))
    assert "[fingerprint-short]" in simojo("agency", "revoke", holder[:15], "--reason", "x").sentence
    twin = f"{holder[:20]}{'0' * 44}"
    database.execute("CREATE TEMP TABLE twin AS SELECT * FROM certificate")
    database.execute("UPDATE twin SET fingerprint = :twin", twin=twin)
    database.execute("INSERT INTO certificate SELECT * FROM twin")
    both = simojo("agency", "revoke", holder[:16], "--reason", "x").sentence
    assert "[fingerprint-ambiguous]" in both
    assert "more digits" in both
    assert database.execute("SELECT count(*) FROM certificate WHERE revoked_at IS NOT NULL").fetchone() == (0,)
    done = simojo("agency", "revoke", holder[:32].upper(), "--reason", "kunci hilang")
    assert (done.code, done.out) == (0, f"certificate {holder} is revoked\n")
    revoked = database.execute("SELECT fingerprint FROM certificate WHERE revoked_at IS NOT NULL").fetchall()
    assert revoked == [(holder,)]


# --- agreement ----------------------------------------------------------------------------------------------------


def changed(home: Path, before: str, after: str) -> Path:
    """A copy of the agreement with SMS, as version 1.1, with one more thing changed."""
    text = packaged_agreements()["sms-2026"].replace('version = "1.0"', 'version = "1.1"', 1)
    assert before in text
    path = home / "sms-2026.toml"
    path.write_text(text.replace(before, after, 1))
    return path


def test_agreements_are_listed_with_state_and_hash(simojo: Simojo) -> None:
    lines = [line.split() for line in simojo("agreement", "list").out.splitlines()]
    assert [(line[0], line[1], line[3]) for line in lines] == [
        (each.id, each.version, "active") for each in sorted(SHIPPED, key=lambda each: each.id)
    ]
    assert all(re.fullmatch("[0-9a-f]{64}", line[4]) for line in lines)


def test_an_agreement_is_imported_as_a_draft_and_then_activated(home: Path, simojo: Simojo) -> None:
    done = simojo("agreement", "import", changed(home, "2026-01-01", "2026-02-01"))
    assert done.code == 0
    assert re.search(r"sms-2026 1\.1 is kept as a draft; both parties sign the hash [0-9a-f]{64}\n", done.out)
    assert simojo("agreement", "list").out.splitlines()[-1].split()[1:4] == ["1.1", "sms", "draft"]
    done = simojo("agreement", "activate", "sms-2026", "1.1", "--development")
    assert (done.code, done.out) == (0, "sms-2026 1.1 is active, for development\n")
    assert "active" in simojo("agreement", "list").out.splitlines()[-1]


def test_a_version_is_compared_put_beside_the_one_before_it_and_ended(simojo: Simojo) -> None:
    path = AGREEMENTS / "dpupr-2026-1.1.toml"
    assert simojo("agreement", "import", path).code == 0
    said = simojo("agreement", "compare", "dpupr-2026", "1.0", "1.1").out.splitlines()
    assert "valid_from was 2026-01-01, becomes 2028-07-01" in said
    documents = [f"dpupr/technical-recommendation/{version}/request" for version in ("1.0", "1.1")]
    assert f"technical-recommendation: request was {documents[0]}, becomes {documents[1]}" in said
    shown = simojo("agreement", "show", "dpupr-2026", "1.1").out
    assert shown.startswith("dpupr-2026 1.1 with dpupr, number 503/12/417.309/2028: draft\n")
    assert "technical-recommendation: request over soap-1.2 with wss-x509; krk, pbg\n" in shown
    done = simojo("agreement", "activate", "dpupr-2026", "1.1", "--development")
    days = "; in force from 2028-07-01 to 2030-12-31"
    assert (done.code, done.out) == (0, f"dpupr-2026 1.1 is active, for development{days}\n")
    days_of = {tuple(line.split()[:2]): line.split("  ")[-1] for line in simojo("agreement", "list").out.splitlines()}
    assert days_of["dpupr-2026", "1.1"] == "2028-07-01 to 2030-12-31"
    assert "  2026-01-01 to 2028-06-30" in simojo("agreement", "list").out
    assert simojo("agreement", "end", "dpupr-2026", "1.1").code == 0
    assert "[agreement-ended]" in simojo("agreement", "activate", "dpupr-2026", "1.1", "--development").sentence
    assert "[agreement-unknown]" in simojo("agreement", "compare", "dpupr-2026", "1.0", "1.2").sentence


def test_an_agreement_that_differs_from_its_adapter_is_told_and_not_kept(home: Path, simojo: Simojo) -> None:
    done = simojo("agreement", "import", changed(home, 'name = "send-message"', 'name = "send-letter"'))
    assert done.code == 1
    assert "send-letter: agreed, and the adapter does not declare it\n" in done.out
    assert "send-message: declared by the adapter, and not agreed\n" in done.out
    kept = [line.split()[:2] for line in simojo("agreement", "list").out.splitlines()]
    assert ["sms-2026", "1.0"] in kept
    assert ["sms-2026", "1.1"] not in kept


def test_a_kept_version_is_not_replaced_21_2(home: Path, simojo: Simojo) -> None:
    simojo("agreement", "import", changed(home, "Berita acara", "Berita Acara"))
    again = changed(home, "Berita acara", "Notulen")
    assert "[agreement-exists]" in simojo("agreement", "import", again).sentence


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"\xff\xfe", "agreement-malformed"), (b"= 1", "agreement-malformed"), (b"[agreement]\n", "agreement-malformed")],
    ids=["no text", "no TOML", "no agreement"],
)
def test_a_file_that_is_no_agreement_is_one_sentence(home: Path, simojo: Simojo, content: bytes, code: str) -> None:
    path = home / "x.toml"
    path.write_bytes(content)
    assert f"[{code}]" in simojo("agreement", "import", path).sentence


def test_an_agreement_with_an_agency_without_an_adapter_is_refused(home: Path, simojo: Simojo) -> None:
    path = changed(home, 'agency = "sms"', 'agency = "rumah"')
    assert "'rumah'" in simojo("agreement", "import", path).sentence


def test_activation_is_refused_in_production_mode(simojo: Simojo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMOJO_MODE", "production")
    words = ("agreement", "activate", "sms-2026", "1.0", "--development")
    assert "[activation-refused]" in simojo(*words).sentence


def test_activation_says_that_it_is_for_development(simojo: Simojo) -> None:
    done = simojo("agreement", "activate", "sms-2026", "1.0")
    assert (done.code, "--development" in done.out + done.err) == (2, True)
    assert "[agreement-unknown]" in simojo("agreement", "activate", "x", "1.0", "--development").sentence


# --- staff --------------------------------------------------------------------------------------------------------


def test_staff_are_added_with_a_delegation_and_listed(home: Path, simojo: Simojo) -> None:
    done = simojo(
        "staff", "add", "eka", "--name", "Eka Contoh", "--title", "Kepala Bidang", "--phone", "081200000091",
        "--nip", "197501012000011001", "--delegation", "SK contoh 2/2026", "--delegation-from", "2026-02-01",
        "--delegation-until", "2026-12-31", "--electronic",
    )  # fmt: skip
    assert (done.code, done.out) == (0, "added eka\n")
    house = opened_at(home)
    eka = house.officer("eka")
    house.gateway.stop()
    assert (eka.phone, eka.nip, eka.delegation_electronic) == ("+6281200000091", "197501012000011001", True)
    assert f"{eka.delegation_from} {eka.delegation_until}" == "2026-02-01 2026-12-31"
    assert [line.split()[0] for line in simojo("staff", "list").out.splitlines()] == ["agus", "dewi", "eka", "rina"]


def test_the_nik_of_an_official_is_set_and_a_wrong_one_is_not(simojo: Simojo, database: Behind) -> None:
    assert simojo("staff", "nik", "dewi", "9999014101800001").out == "set the NIK of dewi\n"
    assert "[staff-unknown]" in simojo("staff", "nik", "nobody", "9999014101800001").sentence
    assert simojo("staff", "nik", "dewi", "12").code == 2
    assert database.execute("SELECT nik FROM staff WHERE id = 'dewi'").scalar_one() == "9999014101800001"


@pytest.mark.parametrize("wrong", [("--nip", "1"), ("--phone", "rumah")], ids=["nip", "phone"])
def test_a_wrong_nip_or_telephone_is_one_sentence(simojo: Simojo, wrong: tuple[str, str]) -> None:
    assert simojo("staff", "add", "eka", "--name", "Eka Contoh", "--title", "Staf", *wrong).sentence
    assert "eka" not in simojo("staff", "list").out


def test_an_id_is_given_once(simojo: Simojo) -> None:
    words = ("staff", "add", "rina", "--name", "Rina Lain", "--title", "Staf")
    assert "[staff-exists]" in simojo(*words).sentence


def test_a_token_is_printed_once_and_only_its_digest_is_kept(home: Path, simojo: Simojo, database: Behind) -> None:
    done = simojo("staff", "token", "rina", "--scopes", "office admin", "--days", "7")
    token = done.out.strip()
    assert (done.code, len(token)) == (0, 43)
    digest = hashlib.sha256(token.encode()).hexdigest()
    row = database.execute("SELECT staff, scopes, expires_at FROM api_token WHERE hash = :hash", hash=digest).one()
    assert row[:2] == ("rina", "office admin")
    assert str(row[2]).startswith("2026-12-01")
    assert NOW.day == 24
    assert [name for name, value in database.stored() if token.encode() in value] == []


@pytest.mark.parametrize("scopes", ["", "root", "office root"])
def test_scopes_are_office_and_admin(simojo: Simojo, scopes: str) -> None:
    said = simojo("staff", "token", "rina", "--scopes", scopes).sentence
    assert "[scope-unknown]" in said
    assert "office admin" in said


def test_a_token_is_for_somebody_who_is_there(simojo: Simojo) -> None:
    assert "[staff-unknown]" in simojo("staff", "token", "nobody").sentence
    assert simojo("staff", "token", "rina", "--days", "0").code == 2
