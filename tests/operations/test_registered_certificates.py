"""Certificates of agencies: registered by a proof, renewed over a key, revoked for good."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gateway.domain.errors import Unauthenticated
from gateway.ledger.leaf import Leaf
from gateway.operations.registration import Step
from gateway.operations.registry import Registry
from gateway.store.plan import Claim, Committed, Conflict, Plan, Update
from gateway.store.tables import CertificateRow
from gateway.trust.certificate_files import load_certificate
from gateway.trust.certificates import Use
from gateway.trust.dev_ca import DevelopmentCa
from gateway.trust.keys import fingerprint, key_fingerprint
from tests.operations.ledgers import NOW, Office
from tests.operations.registrars import ACTOR, refusal, registry_of, said


@dataclass(frozen=True)
class Holder:
    """An agency's certificate, and its key as openssl uses it."""

    certificate: x509.Certificate
    folder: Path

    def sign(self, challenge: bytes) -> bytes:
        """Prove possession of the key, as the agency does."""
        (self.folder / "challenge.txt").write_bytes(challenge)
        command = ["openssl", "dgst", "-sha256", "-sign", "key.pem", "challenge.txt"]
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True).stdout


def make_holder(folder: Path) -> Holder:
    """Make a key and a certificate that no authority of ours signed."""
    folder.mkdir()
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=dpupr", "-days", "90"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return Holder(load_certificate((folder / "cert.pem").read_bytes()), folder)


@pytest.fixture
def holder(tmp_path: Path) -> Holder:
    return make_holder(tmp_path / "dpupr")


NONCES = itertools.count()


def registered(registry: Registry, holder: Holder, agency: str = "dpupr") -> str:
    challenge = registry.challenge(agency, holder.certificate, f"n-{next(NONCES)}")
    return registry.register_certificate(
        agency, holder.certificate, challenge, holder.sign(challenge), ACTOR
    ).fingerprint


def test_a_certificate_is_registered_with_the_proof_that_its_key_is_held(
    office: Office, registry: Registry, holder: Holder
) -> None:
    found = registered(registry, holder)
    assert found == fingerprint(holder.certificate) == registered(registry, holder)
    (row,) = office.reader.certificates("dpupr")
    assert (row.fingerprint, row.registered_at, row.revoked_at) == (found, NOW, None)
    assert f"certificate: {found}" in row.possession
    assert said(office) == [("key", "registered")]


def test_without_the_key_a_certificate_is_not_registered(
    office: Office, registry: Registry, holder: Holder, tmp_path: Path
) -> None:
    other = make_holder(tmp_path / "other")
    challenge = registry.challenge("dpupr", holder.certificate, "n-1")
    with pytest.raises(Unauthenticated) as caught:
        registry.register_certificate("dpupr", holder.certificate, challenge, other.sign(challenge), ACTOR)
    assert caught.value.code == "possession-not-proven"
    assert office.reader.certificates("dpupr") == []


def test_a_signature_over_another_text_proves_nothing(registry: Registry, holder: Holder, tmp_path: Path) -> None:
    other = make_holder(tmp_path / "other")
    texts = [
        b"Surat biasa yang pernah ditandatangani\n",
        registry.challenge("bank", holder.certificate, "n-1"),
        registry.challenge("dpupr", other.certificate, "n-1"),
    ]
    for text in texts:
        proof = holder.sign(text)
        caught = refusal(
            lambda text=text, proof=proof: registry.register_certificate(  # type: ignore[misc]  # defaults in a lambda have no type
                "dpupr", holder.certificate, text, proof, ACTOR
            )
        )
        assert caught.code == "challenge-other"


def test_a_certificate_belongs_to_one_agency(registry: Registry, holder: Holder) -> None:
    registered(registry, holder)
    assert refusal(lambda: registered(registry, holder, "bank")).code == "certificate-taken"


def test_a_revoked_certificate_stays_revoked_since_then(office: Office, registry: Registry, holder: Holder) -> None:
    found = registered(registry, holder)
    registry.revoke_certificate(found, "kunci hilang", ACTOR)
    office.now += timedelta(days=1)
    registry.revoke_certificate(found, "sekali lagi", ACTOR)
    (row,) = office.reader.certificates("dpupr")
    assert (row.revoked_at, row.revoked_because) == (NOW, "kunci hilang")
    assert refusal(lambda: registered(registry, holder)).code == "certificate-revoked"
    assert [step for _, step in said(office)] == ["registered", "revoked"]


def renewed(holder: Holder, serial: int = 1) -> Holder:
    """Another certificate over the same key, made in a folder of its own."""
    folder = holder.folder.parent / f"{holder.folder.name}-{serial}"
    folder.mkdir()
    shutil.copy(holder.folder / "key.pem", folder)
    command = ["openssl", "req", "-x509", "-key", "key.pem", "-out", "cert.pem", "-subj", "/CN=dpupr", "-days", "400"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    found = Holder(load_certificate((folder / "cert.pem").read_bytes()), folder)
    assert fingerprint(found.certificate) != fingerprint(holder.certificate)
    assert key_fingerprint(found.certificate) == key_fingerprint(holder.certificate)
    return found


def forget_keys(office: Office) -> None:
    """The rows as they were before keys were kept."""
    for row in office.reader.all_certificates():
        office.commit(Plan.of(Update(CertificateRow, {"fingerprint": row.fingerprint}, {}, {"spki_sha256": None})))


@pytest.mark.parametrize("old_row", [False, True])
@pytest.mark.parametrize("agency", ["dpupr", "bank"])
def test_a_revoked_key_is_not_certified_again_for_anybody(
    office: Office, registry: Registry, holder: Holder, agency: str, old_row: bool
) -> None:
    registry.revoke_certificate(registered(registry, holder), "kunci dicuri", ACTOR)
    if old_row:
        forget_keys(office)
    assert refusal(lambda: registered(registry, renewed(holder), agency)).code == "key-revoked"
    assert len(office.reader.all_certificates()) == 1


@pytest.mark.parametrize("old_row", [False, True])
def test_a_renewal_over_the_same_key_is_the_agencys_own_alone(
    office: Office, registry: Registry, holder: Holder, old_row: bool
) -> None:
    first = registered(registry, holder)
    if old_row:
        forget_keys(office)
    following = renewed(holder)
    assert refusal(lambda: registered(registry, following, "bank")).code == "key-taken"
    second = registered(registry, following)
    assert {row.fingerprint for row in office.reader.certificates("dpupr")} == {first, second}
    registry.revoke_certificate(first, "kunci dicuri", ACTOR)
    assert refusal(lambda: registered(registry, renewed(holder, 2))).code == "key-revoked"


def test_another_key_is_nobodys_business(office: Office, registry: Registry, holder: Holder, tmp_path: Path) -> None:
    registry.revoke_certificate(registered(registry, holder), "kunci dicuri", ACTOR)
    other = make_holder(tmp_path / "bank")
    assert registered(registry, other, "bank") == fingerprint(other.certificate)
    (row,) = office.reader.certificates("bank")
    assert row.spki_sha256 == key_fingerprint(other.certificate)


def test_a_key_that_is_revoked_while_its_renewal_is_registered_is_refused(
    office: Office, registry: Registry, holder: Holder
) -> None:
    """The guard of the plan: the revocation comes between reading and committing."""
    first, following = registered(registry, holder), renewed(holder)
    commit, other = office.writer.commit, registry_of(office)

    class Late:
        """Commits, after somebody else was faster once."""

        done = False

        def commit(self, plan: Plan) -> Committed | Conflict:
            if not self.done and any(isinstance(each, Claim) and each.model is CertificateRow for each in plan.changes):
                self.done = True
                other.revoke_certificate(first, "kunci dicuri", ACTOR)
            return commit(plan)

        def close(self) -> None:
            """The office closes its own."""

    late = Registry(
        reader=office.reader,
        vault=office.vault,
        unit_of_work=Late(),
        leaves=office.leaves,
        clock=lambda: office.now,
        production=False,
    )
    assert refusal(lambda: registered(late, following)).code == "key-revoked"
    assert [row.fingerprint for row in office.reader.all_certificates()] == [first]


def test_registering_again_changes_the_uses_that_are_named_and_says_so(
    office: Office, registry: Registry, holder: Holder
) -> None:
    def again(uses: frozenset[Use] | None) -> tuple[Step, str]:
        challenge = registry.challenge("dpupr", holder.certificate, f"n-{next(NONCES)}")
        proof = holder.sign(challenge)
        done = registry.register_certificate("dpupr", holder.certificate, challenge, proof, ACTOR, uses)
        (row,) = office.reader.certificates("dpupr")
        assert done.uses == {Use(word) for word in row.uses.split()}
        return done.step, row.uses

    sign, two = frozenset({Use.SIGN}), frozenset({Use.SIGN, Use.ENCRYPT})
    assert again(sign) == (Step.REGISTERED, "sign")
    assert again(sign) == again(None) == (Step.UNCHANGED, "sign")
    assert again(two) == (Step.CHANGED, "encrypt sign")
    assert again(two) == (Step.UNCHANGED, "encrypt sign")
    assert said(office) == [("key", "registered"), ("key", "uses-changed")]
    last = Leaf.parse(office.reader.pending_leaves()[-1].canonical).extra
    assert (last["fingerprint"], last["uses"]) == (fingerprint(holder.certificate), "encrypt sign")


def test_a_certificate_that_nobody_registered_cannot_be_revoked(registry: Registry) -> None:
    assert refusal(lambda: registry.revoke_certificate("0" * 64, "x", ACTOR)).code == "certificate-unknown"


def test_a_development_certificate_is_refused_in_production_mode(office: Office, tmp_path: Path) -> None:
    leaf = DevelopmentCa.make(tmp_path / "ca", production=False, at=NOW).issue("dpupr", at=NOW)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "key.pem").write_bytes(leaf.key_pem)
    holder = Holder(leaf.key.certificate, tmp_path / "dev")
    caught = refusal(lambda: registered(registry_of(office, production=True), holder))
    assert caught.code == "certificate-development"
    assert registered(registry_of(office), holder) == fingerprint(leaf.key.certificate)
