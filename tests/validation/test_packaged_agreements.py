"""Every agreement file that ships is read whole, and a file that breaks its shape says every place."""

from pathlib import Path

import pytest

import adapters.bank
import adapters.dpupr
import adapters.dukcapil
import adapters.oss
import adapters.satpolpp
import adapters.sms
from gateway.contract.agreement import agreement_hash, canonical_bytes, from_canonical, to_document
from gateway.contract.differences import differences
from gateway.domain.errors import Misconfigured
from gateway.validation.agreement_file import packaged_agreements, read_agreement

FILES = packaged_agreements()
ADAPTERS = {
    each.agreement: each
    for each in (
        adapters.bank.ADAPTER,
        adapters.dpupr.ADAPTER,
        adapters.dukcapil.ADAPTER,
        adapters.oss.ADAPTER,
        adapters.satpolpp.ADAPTER,
        adapters.sms.ADAPTER,
    )
}


def test_each_adapter_has_its_file() -> None:
    assert set(FILES) == set(ADAPTERS)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_named_by_its_id_and_says_what_its_adapter_says(name: str) -> None:
    agreement = read_agreement(FILES[name])
    assert agreement.id == name
    assert differences(agreement, ADAPTERS[name]) == ()
    assert from_canonical(canonical_bytes(agreement)) == agreement


def test_comments_and_blanks_do_not_count_and_a_word_does() -> None:
    text = FILES["dpupr-2026"]
    said = agreement_hash(read_agreement(text))
    assert agreement_hash(read_agreement(f"# another comment\n\n{text}\n")) == said
    assert agreement_hash(read_agreement(text.replace('"3 hari kerja"', '"4 hari kerja"'))) != said


def test_its_duties_are_read_pasal_20_21_and_22() -> None:
    agreement = read_agreement(FILES["dpupr-2026"])
    assert (agreement.guide_version, agreement.own_audit_trail) == ("1.0", True)
    assert agreement.prior_discussion == "Berita acara 503/07/BA/2025 tanggal 2025-11-11"
    assert agreement.confidentiality.endswith("(Pasal 20 huruf c).")
    assert agreement.traffic_security.endswith("(Pasal 20 huruf d).")


def test_its_document_is_a_copy() -> None:
    agreement = read_agreement(FILES["dpupr-2026"])
    said = agreement_hash(agreement)
    document = to_document(agreement)
    assert document["agreement"]["valid_from"] == "2026-01-01"
    document["agreement"]["number"] = "other"
    document["interaction"].clear()
    assert agreement_hash(agreement) == said


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ("own_audit_trail = true", "own_audit_trail = false", ["/agreement/own_audit_trail"]),
        ('"3 hari kerja"', '"3 hari"', ["/interaction/0/answer_within"]),
        ('answer_within = "3 hari kerja"\n', "", ["/interaction/0/answer_within"]),
        ('repeat = "same-id"\n', "", ["/interaction/0/repeat"]),
        ('security = "wss-x509"', 'security = "jws"', ["/interaction/0/security"]),
        ("valid_from = 2026-01-01", "valid_from = 2026-01-01T00:00:00", ["/agreement/valid_from"]),
        ("valid_from = 2026-01-01", "valid_from = 07:00:00", ["/agreement/valid_from"]),
        ("factor = 2", "factor = 1.5", ["/interaction/0/retry/factor"]),
        ('guide_version = "1.0"', 'guide = "1.0"', ["/agreement/guide", "/agreement/guide_version"]),
        ('model = "request"', 'model = "telegram"', ["/interaction/0/model"]),
    ],
)
def test_a_file_that_breaks_its_shape_says_every_place(old: str, new: str, paths: list[str]) -> None:
    text = FILES["dpupr-2026"]
    assert text.count(old) >= 1
    with pytest.raises(Misconfigured) as caught:
        read_agreement(text.replace(old, new, 1))
    assert caught.value.code == "agreement-malformed"
    assert [each.path for each in caught.value.violations] == paths


@pytest.mark.parametrize("text", ["agreement = ", "[agreement]\n[agreement]\n", ""])
def test_what_is_no_agreement_file_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        read_agreement(text)
    assert caught.value.code == "agreement-malformed"


def test_a_last_day_before_the_first_is_refused() -> None:
    text = FILES["dpupr-2026"]
    with pytest.raises(Misconfigured, match="valid_until"):
        read_agreement(text.replace("valid_until = 2028-12-31", "valid_until = 2025-12-31"))


def test_files_are_found_in_any_folder(tmp_path: Path) -> None:
    (tmp_path / "contoh-2026.toml").write_text("# contoh\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    assert packaged_agreements(tmp_path) == {"contoh-2026": "# contoh\n"}
