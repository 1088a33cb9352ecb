"""The hub that foreign clients speak to: the stage of the exchange's tests, on the machine's clock.

DPUPR is played by the client under test: its folder holds what `make demo` lays out for it, an RSA key, a certificate
and config.json. The request that a client answers was sent to DPUPR's simulated half, which holds a key of its own.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography import x509

from conformance.signing import encryption
from conformance.signing.keys import CERTIFICATE_FILE, KEY_FILE, Identity, load_identity
from gateway.cli.init import make_keys
from gateway.domain.calendar import local_date
from gateway.domain.case import Stage as CaseStage
from gateway.machine import now
from gateway.settings import Settings
from gateway.store.tables import DeliveryRow
from gateway.trust.certificates import Use
from gateway.validation.agreement_file import latest_agreements
from tests.exchange.furnishing import APART
from tests.exchange.keys import agency_identity
from tests.exchange.stage import SECRETS, Clock, Stage, proof
from tests.exchange.test_by_hand import in_force
from tests.exchange.town import Call, Door, Street, Told
from tests.interop.between import Between
from tests.interop.clients import PFX_PASSWORD

ACTOR = "staff/siti"


class MachineClock(Clock):
    """The machine's: foreign clients have no other."""

    def __call__(self) -> Any:
        return now()


class InteropStage(Stage):
    """A furnished hub behind `between`; the addresses in its WSDLs lead through it."""

    between: Between
    permit: str
    """The number of a permit that is in force."""
    confidential: bool
    """The agreement with DPUPR calls everything confidential: all is encrypted, to the client's certificate."""

    def __init__(
        self, folder: Path, door: Door, street: Street, between: Between, *, confidential: bool = False
    ) -> None:
        self.between = between
        self.confidential = confidential
        self.keys = folder / "keys"
        super().__init__(folder, door, street, clock=MachineClock())

    def start(self, *arguments: Any) -> Any:
        """A hub with keys of its own, made as `simojo init` makes them."""
        make_keys(self.settings)
        return super().start(*arguments)

    @property
    def settings(self) -> Settings:
        return super().settings.model_copy(update={"public_url": self.between.url})

    @property
    def certificate(self) -> x509.Certificate:
        """The hub's certificate, as clients get it."""
        return x509.load_pem_x509_certificate((self.keys / "hub.pem").read_bytes())

    @property
    def dpupr(self) -> Path:
        """DPUPR's folder, as in `.demo/agencies/dpupr`."""
        return self.folder / "agencies" / "dpupr"

    def furnish(self) -> None:
        """Agreements, endpoints, credentials, certificates."""
        registry = self.hub.store.registry
        for agreement in latest_agreements(local_date(now())).values():
            if agreement.agency in APART:
                continue
            registry.import_agreement(agreement, self.adapters[agreement.agency], ACTOR)
            registry.activate_for_development(agreement.id, agreement.version, ACTOR)
        for agency in ("dukcapil", "djp", "dpupr", "oss", "sms"):
            registry.set_endpoint(agency, f"{self.street.url}/{agency}", ACTOR)
        for agency, named in SECRETS.items():
            for name, secret in named.items():
                registry.set_credential(agency, name, secret, ACTOR)
        config: dict[str, Any] = {
            "agency": "dpupr",
            "hub": self.between.url,
            "hub_certificate": str(self.keys / "hub.pem"),
        }
        config |= {"confidential": True} if self.confidential else {}
        client = client_folder(self.dpupr, config)
        for identity, uses in ((agency_identity("dpupr"), {Use.SIGN}), (client, {Use.SIGN, Use.ENCRYPT})):
            challenge = registry.challenge("dpupr", identity.certificate, "nonce-17")
            signed = proof(identity, challenge)
            registry.register_certificate("dpupr", identity.certificate, challenge, signed, ACTOR, frozenset(uses))
        self.permit = in_force(self)
        if self.confidential:
            self.agree("dpupr", ("confidential = false", "confidential = true"))
            self.town.always["dpupr"] = lambda call: self._acknowledges(call, client)

    def _acknowledges(self, call: Call, client: Identity) -> Told:
        """DPUPR's simulated half in confidence: it decrypts with the client's key, and signs with its own."""
        clear = encryption.decrypt_body(call.body, client)
        told = self.town.acknowledges(replace(call, body=clear))
        return replace(told, body=encryption.encrypt_body(told.body, self.certificate))

    def recommended(self, delivery: DeliveryRow) -> bool:
        """The recommendation that this delivery asked for has arrived and moved its case."""
        return self.state(delivery) == "answered" and self.case(delivery.case_id).stage is CaseStage.RECOMMENDED


def client_folder(folder: Path, config: Mapping[str, Any]) -> Identity:
    """Lay out an agency's folder as `make demo` does: key.pem, certificate.pem (both by openssl), config.json."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    names = {"-keyout": folder / KEY_FILE, "-out": folder / CERTIFICATE_FILE, "-subj": f"/CN={config['agency']}"}
    extensions = ("basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature,keyEncipherment")
    added = [each for extension in extensions for each in ("-addext", extension)]
    _openssl("req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "730", *added, *_flat(names))
    pfx(folder)
    return load_identity(folder / KEY_FILE, folder / CERTIFICATE_FILE)


def pfx(folder: Path) -> None:
    """Key and certificate in one file, in the form that Mono reads too, as the C# example's comment says."""
    names = {"-inkey": folder / KEY_FILE, "-in": folder / CERTIFICATE_FILE, "-out": folder / "agency.pfx"}
    old = ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"]
    _openssl("pkcs12", "-export", *_flat(names), "-passout", f"pass:{PFX_PASSWORD}", *old)


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def _flat(options: Mapping[str, object]) -> list[str]:
    return [str(each) for pair in options.items() for each in pair]
