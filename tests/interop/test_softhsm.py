"""The hub's key in a real token (SoftHSM 2): the key that signs SOAP, REST and PDFs never leaves it.

`make test-interop` installs what is needed (Debian's softhsm2 and opensc).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm

from conformance.signing import jws, wss
from gateway.app import Gateway
from gateway.app.identity import hub_key, hub_operations
from gateway.domain.errors import HubBusy, Misconfigured
from gateway.settings import Settings
from gateway.trust.csr import certificate_request
from gateway.trust.keys import SoftwareKey, fingerprint
from gateway.trust.pdf_signature import pdf_signatures
from gateway.trust.pkcs11_key import Pkcs11Key, open_pkcs11_key
from gateway.trust.policy import JWS_SIGNATURES, JWS_SIGNING, XML_SIGNATURES, SignatureAlgorithm
from tests.databases import Furnished
from tests.exchange import voices
from tests.exchange.conftest import door, hub_folder, street, template
from tests.exchange.keys import AT
from tests.exchange.stage import Stage
from tests.office.conftest import furnished
from tests.office.house import NOW, Clock, House, settings_in
from tests.trust.authorities import Holder, root

__all__ = ["door", "furnished", "street", "template"]

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib/pkcs11/libsofthsm2.so")
TOKEN, PIN = "simojo", "1234"
KINDS = {"hub-rsa": ("rsa:2048", ()), "hub-p256": ("EC:prime256v1", ("--usage-derive",))}
KINDS |= {"hub-p384": ("EC:secp384r1", ("--usage-derive",))}


@pytest.fixture(scope="session")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """SoftHSM with one token that holds three key pairs; gives the path of its library."""
    library = next((each for each in MODULES if Path(each).exists()), None)
    missing = [each for each in ("softhsm2-util", "pkcs11-tool") if shutil.which(each) is None]
    if library is None or missing:
        pytest.fail("SoftHSM and OpenSC are not installed: run `sh tests/interop/install.sh` (softhsm2, opensc)")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
    _run("softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "567890")
    for number, (label, (kind, more)) in enumerate(KINDS.items(), 1):
        _run(
            "pkcs11-tool", "--module", library, "--token-label", TOKEN, "--login", "--pin", PIN, "--keypairgen",
            "--key-type", kind, "--label", label, "--id", f"{number:02}", "--usage-sign", *more,
            *(("--usage-decrypt",) if kind.startswith("rsa") else ()),
        )  # fmt: skip
    yield library
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, timeout=60)


def key(module: str, label: str) -> Pkcs11Key:
    return open_pkcs11_key(module, TOKEN, PIN, label)


def in_token(module: str, label: str) -> dict[str, Any]:
    """The settings that name a key in the token."""
    return {"pkcs11_module": Path(module), "pkcs11_token": TOKEN, "pkcs11_pin": PIN, "pkcs11_key_label": label}


def certified(module: str, label: str, path: Path, at: Any) -> Holder:
    """A certificate for a key of the token, written to `path`."""
    made = root("Otoritas", start=at - timedelta(days=2)).issue(
        "dpmptsp", key=key(module, label), start=at - timedelta(days=1)
    )
    path.write_bytes(made.pem)
    return made


# --- what a key does ----------------------------------------------------------------------------------------------


def check(public: Any, algorithm: SignatureAlgorithm, signature: bytes, data: bytes) -> None:
    """Verify by cryptography's own code. Raises InvalidSignature."""
    assert algorithm.hash is not None
    hashed = algorithm.hash()
    if isinstance(public, ec.EllipticCurvePublicKey):
        half = len(signature) // 2
        assert half == public.curve.key_size // 8
        der = utils.encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
        public.verify(der, data, ec.ECDSA(hashed))
    elif algorithm.padding == "pss":
        public.verify(signature, data, padding.PSS(padding.MGF1(hashed), hashed.digest_size), hashed)
    else:
        public.verify(signature, data, padding.PKCS1v15(), hashed)


ALGORITHMS = {**XML_SIGNATURES, **{name: each for name, each in JWS_SIGNATURES.items() if each.hash is not None}}


@pytest.mark.parametrize("label", KINDS)
@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_token_signs_what_its_key_can_and_refuses_the_rest(module: str, label: str, name: str) -> None:
    algorithm, mine = ALGORITHMS[name], key(module, label)
    kind = {"hub-rsa": "rsa", "hub-p256": "p-256", "hub-p384": "p-384"}[label]
    if kind in algorithm.keys:
        check(mine.public_key(), algorithm, mine.sign(algorithm, b"isi"), b"isi")
    else:
        with pytest.raises(ValueError, match="does not go with this key"):
            mine.sign(algorithm, b"isi")


@pytest.mark.parametrize("digest", [SHA1, SHA256, SHA384, SHA512])
@pytest.mark.parametrize("mask", [SHA1, SHA256, SHA512])
def test_a_token_unwraps_oaep_with_the_given_hashes(
    module: str, digest: type[HashAlgorithm], mask: type[HashAlgorithm]
) -> None:
    mine = key(module, "hub-rsa")
    public = mine.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    scheme = padding.OAEP(padding.MGF1(mask()), digest(), None)
    for secret in (b"", b"\0\1\0", bytes(range(32))):
        assert mine.unwrap(public.encrypt(secret, scheme), digest, mask) == secret
    wrapped = public.encrypt(b"rahasia", scheme)
    other = SHA256 if digest is not SHA256 else SHA384
    for damaged in (wrapped[:-1], b"\xff" * 256, bytes([wrapped[0] ^ 1]) + wrapped[1:], b""):
        with pytest.raises(ValueError, match=r"decrypt|size"):
            mine.unwrap(damaged, digest, mask)
    with pytest.raises(ValueError, match="decrypt"):
        mine.unwrap(wrapped, other, mask)
    assert mine.unwrap(wrapped, digest, mask) == b"rahasia"  # and it goes on


@pytest.mark.parametrize(("label", "curve"), [("hub-p256", ec.SECP256R1()), ("hub-p384", ec.SECP384R1())])
def test_a_token_agrees_by_ecdh_as_software_does(module: str, label: str, curve: ec.EllipticCurve) -> None:
    mine, other = key(module, label), ec.generate_private_key(curve)
    public = mine.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert mine.agree(other.public_key()) == SoftwareKey(other).agree(public)
    for foreign in (ec.SECP521R1(), ec.SECP384R1() if label == "hub-p256" else ec.SECP256R1()):
        with pytest.raises(ValueError, match="same curve"):
            mine.agree(ec.generate_private_key(foreign).public_key())
    with pytest.raises(ValueError, match="only an RSA key"):
        mine.unwrap(b"x" * 256, SHA256, SHA256)
    with pytest.raises(ValueError, match="same curve"):
        key(module, "hub-rsa").agree(other.public_key())


# --- threads and restarts -----------------------------------------------------------------------------------------


def many(act: Callable[[int], None], times: int = 100) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(act, range(times)))


def test_many_threads_use_several_keys_at_once_also_when_the_token_is_restarted_under_them(module: str) -> None:
    keys = [key(module, label) for label in KINDS]
    library = pkcs11.lib(module)

    def sign(number: int) -> None:
        mine = keys[number % len(keys)]
        algorithm = JWS_SIGNING[{"RSA": "rsa", "EC2": "p-256", "EC3": "p-384"}[_kind(mine)]]  # type: ignore[index]  # KeyKind is a StrEnum
        check(mine.public_key(), algorithm, mine.sign(algorithm, b"%d" % number), b"%d" % number)

    many(sign)
    library.reinitialize()  # every session of the process is gone
    many(sign)
    library.finalize()  # and now the module is not even begun
    many(sign)


def _kind(mine: Pkcs11Key) -> str:
    public = mine.public_key()
    return "RSA" if isinstance(public, rsa.RSAPublicKey) else f"EC{public.key_size // 128}"  # type: ignore[union-attr]  # no Ed25519 here


def test_a_token_that_is_gone_makes_the_hub_busy_and_comes_back(module: str) -> None:
    mine = key(module, "hub-p256")
    folder = Path(Path(os.environ["SOFTHSM2_CONF"]).read_text().split()[2])
    away = folder.with_name("away")
    folder.rename(away)
    folder.mkdir()
    pkcs11.lib(module).reinitialize()
    try:
        with pytest.raises(HubBusy) as caught:
            mine.sign(JWS_SIGNATURES["ES256"], b"isi")
        assert (caught.value.code, caught.value.after_s) == ("key-unavailable", 30)
    finally:
        folder.rmdir()
        away.rename(folder)
    check(mine.public_key(), JWS_SIGNATURES["ES256"], mine.sign(JWS_SIGNATURES["ES256"], b"isi"), b"isi")


# --- what an operator may get wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code", "names"),
    [
        ({"module": "/nowhere/libtoken.so"}, "pkcs11-module-missing", "SIMOJO_PKCS11_MODULE"),
        ({"token": "lain"}, "pkcs11-token-missing", "SIMOJO_PKCS11_TOKEN"),
        ({"pin": "9999"}, "pkcs11-pin-wrong", "SIMOJO_PKCS11_PIN_FILE"),
        ({"label": "lain"}, "pkcs11-key-missing", "SIMOJO_PKCS11_KEY_LABEL"),
    ],
)
def test_what_is_wrong_is_named_with_its_setting(module: str, change: dict[str, str], code: str, names: str) -> None:
    pkcs11.lib(module).reinitialize()  # nobody is logged in
    given = {"module": module, "token": TOKEN, "pin": PIN, "label": "hub-p256", **change}
    with pytest.raises(Misconfigured) as caught:
        open_pkcs11_key(**given)
    assert caught.value.code == code
    assert names in caught.value.text
    assert PIN not in caught.value.text
    assert "9999" not in caught.value.text
    open_pkcs11_key(module, TOKEN, PIN, "hub-p256")


def test_a_certificate_of_another_key_is_refused(module: str, tmp_path: Path) -> None:
    certified(module, "hub-p384", tmp_path / "hub.pem", NOW)
    settings = Settings(**in_token(module, "hub-p256"), signing_certificate_file=tmp_path / "hub.pem", _env_file=None)
    with pytest.raises(Misconfigured) as caught:
        hub_key(settings)
    assert caught.value.code == "key-mismatch"
    assert PIN not in repr(settings)


@pytest.mark.parametrize("label", KINDS)
def test_the_pin_may_stand_in_a_file_and_a_certificate_request_is_signed_in_the_token(
    module: str, tmp_path: Path, label: str
) -> None:
    (tmp_path / "pin").write_text(f"{PIN}\n")
    given = {**in_token(module, label), "pkcs11_pin": None, "pkcs11_pin_file": tmp_path / "pin"}
    operations = hub_operations(Settings(**given, _env_file=None))
    request = x509.load_pem_x509_csr(certificate_request(operations, {"common_name": "dpmptsp"}))
    assert request.is_signature_valid
    assert request.public_key() == operations.public_key()
    assert request.subject.rfc4514_string() == "CN=dpmptsp"


# --- a whole hub --------------------------------------------------------------------------------------------------


@dataclass
class TokenStage(Stage):
    """The hub of the exchange tests, with its key in the token."""

    given: dict[str, Any] = field(default_factory=dict)
    signer: x509.Certificate | None = None

    @property
    def settings(self) -> Settings:
        return super().settings.model_copy(update={**self.given, "signing_key_file": self.folder / "none"})

    @property
    def certificate(self) -> Any:
        return self.signer


@pytest.fixture(params=["hub-rsa", "hub-p256"])  # the harness of the agencies signs with these two
def stage(
    request: pytest.FixtureRequest, module: str, template: Furnished, door: Any, street: Any
) -> Iterator[TokenStage]:
    with hub_folder(template) as (folder, url):
        (folder / "keys" / "hub.key.pem").unlink()
        made = certified(module, request.param, folder / "keys" / "hub.pem", AT)
        given = Settings(**in_token(module, request.param), _env_file=None)
        update = {name: getattr(given, name) for name in given.model_fields_set}
        opened = TokenStage(folder, door, street, url, given=update, signer=made.certificate)
        yield opened
        opened.close()


def test_a_hub_signs_soap_and_rest_with_a_key_in_a_token(stage: TokenStage) -> None:
    delivery = stage.requested()  # our signed SOAP request reached DPUPR, whose answer follows
    (sent,) = stage.town.calls["dpupr"]
    assert wss.verify(sent.body, [stage.certificate], at=stage.clock()) is not None
    acknowledged = voices.sealed(stage, voices.answer(stage, delivery))
    assert acknowledged.relates_to == "urn:dpupr:1"
    said = voices.ask_validity(stage)
    claims = jws.verify_detached(
        said.headers[jws.HEADER], said.body, [stage.certificate], issuer="dpmptsp", audience="dpupr", at=stage.clock()
    )
    assert claims["rel"]
    with pytest.raises(Misconfigured, match="cannot be taken out"):
        _ = hub_key(stage.settings).private_key


@pytest.mark.parametrize("label", KINDS)
def test_a_permit_is_signed_with_a_key_in_a_token(
    module: str, label: str, furnished: Furnished, tmp_path: Path
) -> None:
    with furnished.copied(tmp_path) as url:
        sign_a_permit(module, label, tmp_path, url)


def sign_a_permit(module: str, label: str, tmp_path: Path, url: str) -> None:
    (tmp_path / "keys" / "hub.key.pem").unlink()
    made = certified(module, label, tmp_path / "keys" / "hub.pem", NOW)
    clock = Clock()
    house = House(Gateway(settings_in(tmp_path, database_url=url, **in_token(module, label)), clock=clock), clock)
    try:
        case = house.signed()
        document = house.gateway.store.reader.document(case.id, case.signed_sha256 or "")
        assert document is not None
        (signature,) = pdf_signatures(document.body)
        assert (signature.intact, signature.covers_whole_file) == (True, True)
        assert signature.fingerprint == fingerprint(made.certificate)
    finally:
        house.gateway.stop()
