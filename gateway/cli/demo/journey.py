"""The steps of a case. Each is decided by how the case stands, so a demo that was killed goes on where it was."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from gateway.cli.demo.office import Office, Refusal
from gateway.cli.demo.plots import MANNERS, NAMES, Plot
from gateway.cli.demo.screen import Screen
from gateway.domain.calendar import local_date
from gateway.machine import now

SIGNATORY = "dewi"
SIGNATORY_PHONE = "+6281200000090"
BUILDINGS = ("pbg", "krk")
"""Services about something that is built: its area is entered from the drawings."""


class Journey:
    """Plays one plot to its end."""

    def __init__(self, plot: Plot, office: Office, screen: Screen, home: Path) -> None:
        self._plot = plot
        self._office = office
        self._screen = screen
        self._path = home / f"journey-{plot.name}.json"
        self._happened: set[str] = set()

    def play(self) -> dict[str, Any]:
        """Take step after step; gives the case at its end. Raises HubGone when the hub has to be started again."""
        case_id = self._application()
        case = self._office.case(case_id)
        while not case["ended"]:
            step = self._step(case)
            case = step(case_id, case)
        return case

    def forget(self) -> None:
        """The plot is played; the next demo plays it with a new application."""
        self._path.unlink(missing_ok=True)

    # --- the application ------------------------------------------------------------------------------------------

    def _application(self) -> str:
        number = self._remembered()
        reference = f"id-izin:{number}" if self._plot.kd_izin else f"counter:{number}"
        found = self._office.case_of(reference)
        if found is None:
            self._happen("")
            answer = self._from_oss(number) if self._plot.kd_izin else self._at_the_counter(number)
            found = self._office.case_of(reference)
            if found is None:
                raise Refusal("not-taken", f"the hub did not take the application: {answer}")
        return found

    def _from_oss(self, number: str) -> dict[str, Any]:
        plot = self._plot
        often = "" if plot.repeated == 1 else f", and delivers it {plot.repeated} times"
        self._screen.deed("OSS", f"submits the application of {plot.company or plot.applicant}{often}")
        said = {
            "id_izin": number,
            "kd_izin": plot.kd_izin,
            "nik": plot.nik,
            "name": plot.applicant,
            "phone": plot.phone,
            "company": plot.company,
            "npwp": plot.npwp,
            "activity": plot.purpose,
            "times": plot.repeated,
        }
        return self._office.agency("oss", "submit", said)

    def _at_the_counter(self, number: str) -> dict[str, Any]:
        plot = self._plot
        self._screen.deed("Rina", f"enters the application of {plot.company or plot.applicant} at the counter")
        papers = [
            {"kind": kind, "name": f"{kind}.pdf", "sha256": sha256(f"{number} {kind}".encode()).hexdigest()}
            for kind in ("ktp", *plot.documents)
        ]
        applicant = {
            "kind": "company" if plot.company else "person",
            "name": plot.applicant,
            "nik": plot.nik,
            "phone": plot.phone,
            "email": "pemohon@contoh.example",
            "address": "Jalan Contoh 1, Mojokerto",
            "company": plot.company,
            "npwp": plot.npwp or None,
            "nib": plot.nib,
        }
        return self._office.lodge(
            "rina",
            {
                "reference": number,
                "service": plot.service,
                "applicant": applicant,
                "site": {"address": "Jalan Contoh 17", "kelurahan": "35.76.01.1003", "purpose": plot.purpose},
                "declaration": {"version": "1", "text": "Data ini benar (contoh)."},
                "documents": papers,
            },
        )

    def _happen(self, stage: str) -> None:
        """Order what goes wrong at that stage, once, and tell it."""
        if stage in self._happened:
            return
        self._happened.add(stage)
        for each in self._plot.mishaps.get(stage, ()):
            self._screen.mishap(NAMES[each.agency], each.told)
            fresh = secrets.token_hex(6)
            said = {name: one.format(fresh) if isinstance(one, str) else one for name, one in each.body.items()}
            self._office.agency(each.agency, each.order, said)

    def _remembered(self) -> str:
        """OSS's permit id, or the counter's number, written down before it is used: after a crash it is looked for."""
        if not self._path.exists():
            part = self._path.with_suffix(".part")
            part.write_text(json.dumps({"id_izin": f"I-DEMO-{secrets.token_hex(6)}"}), encoding="utf-8")
            part.replace(self._path)
        id_izin: str = json.loads(self._path.read_text(encoding="utf-8"))["id_izin"]
        return id_izin

    # --- one step for each stage ----------------------------------------------------------------------------------

    def _step(self, case: dict[str, Any]) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
        return {
            "registered": self._complete,
            "complete": self._verify,
            "verified": self._validate,
            "validated": self._recommended,
            "recommended": self._decide,
            "approved": self._charge if case["levied"] else self._prepare,
            "charged": self._pay,
            "paid": self._prepare,
            "numbered": self._prepare,
            "prepared": self._print if case["signing"] == "wet" else self._sign,
            "signing": self._await_signature,
            "active": self._hand_over if case["signing"] == "wet" else self._print,
            "printed": self._sign_ink if case["signing"] == "wet" else self._hand_over,
        }[case["stage"]]

    def _complete(self, case_id: str, case: dict[str, Any]) -> dict[str, Any]:
        if case["builtArea"] is None and case["service"] in BUILDINGS:
            self._do(case_id, "area", "rina", "enters the built area from the drawings", {"area_m2": 120})
        self._await(case_id, lambda case: case["residency"] != "unchecked", "the answer of Dukcapil", "dukcapil")
        return self._do(case_id, "complete", "rina", "gives the tanda terima")

    def _verify(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        return self._do(case_id, "verify", "rina", "verifies the papers")

    def _validate(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        for agency, policy in self._plot.judges.items():
            self._office.agency(agency, "policy", dict(policy))
            if told := MANNERS.get(policy.get("manner", "")):
                self._screen.mishap(NAMES[agency], told)
        if "bpkpd" in self._plot.judges:
            self._await(case_id, lambda case: case["arrears"] is not None, "what is owed, from BPKPD", "bpkpd")
        self._happen("verified")
        asked, whose = self._judges()
        return self._do(case_id, "validate", "agus", f"validates; {asked} for {whose}")

    def _judges(self) -> tuple[str, str]:
        names = [NAMES[each] for each in self._plot.judges]
        if len(names) == 1:
            return f"{names[0]} is asked", "its recommendation"
        return f"{', '.join(names[:-1])} and {names[-1]} are asked", "their recommendations"

    def _recommended(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        names = " and ".join(NAMES[each] for each in self._plot.judges)
        by_hand = set(self._plot.by_hand)
        case = self._await(
            case_id,
            lambda case: case["stage"] != "validated" or set(case["missingRecommendations"]) <= by_hand,
            f"the answer of {names}",
            *self._plot.judges,
        )
        for agency in sorted(by_hand & set(case["missingRecommendations"])):
            case = self._letter(case_id, agency)
        return case

    def _letter(self, case_id: str, agency: str) -> dict[str, Any]:
        """An agency outside the agreement recommends by letter (Pasal 21(1))."""
        letter = {
            "agency": agency,
            "favourable": True,
            "number": f"600/{case_id[-4:]}/contoh",
            "on": str(local_date(now())),
            "by": f"Kepala {NAMES[agency]} (contoh)",
        }
        text = f"enters the letter of {NAMES[agency]}, whose agreement does not cover this"
        return self._do(case_id, "recommendation", "rina", text, letter)

    def _decide(self, case_id: str, case: dict[str, Any]) -> dict[str, Any]:
        against = [NAMES[each["agency"]] for each in case["recommendations"] if not each["favourable"]]
        if against:
            grounds = {"grounds": [f"Rekomendasi teknis {' dan '.join(against)} tidak mendukung"]}
            return self._do(case_id, "reject", SIGNATORY, f"rejects: {grounds['grounds'][0]}", grounds)
        pin = self._office.pin(case_id, "approve", SIGNATORY, SIGNATORY_PHONE)
        return self._do(case_id, "approve", SIGNATORY, "approves with a PIN from her telephone", pin)

    def _charge(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        return self._do(case_id, "charge", "agus", "issues the SKRD")

    def _pay(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        case = self._await(
            case_id,
            lambda case: bool(case["noticeReceivedAt"]) or case["paid"],
            "the delivery report of the notice",
            "sms",
        )
        if not case["paid"]:
            self._happen("charged")
            account = {"account": case["paymentCode"]}
            if self._plot.wrong_amount:
                said = self._office.agency("bank", "pay", {**account, "amount": 1})
                code = said["transcripts"][-1]["answer"]["responseCode"]
                self._screen.mishap("Bank", f"tells of a payment of Rp1; the hub refuses it ({code})")
            self._screen.deed("Bank", f"pays virtual account {case['paymentCode']}, Rp{case['amount']:,}")
            self._office.agency("bank", "pay", account)
        return self._await(case_id, lambda case: case["paid"], "the payment", "bank")

    def _prepare(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        return self._do(case_id, "prepare", "agus", "reserves the number and lays the document out")

    def _sign(self, case_id: str, case: dict[str, Any]) -> dict[str, Any]:
        mistypes = self._plot.wrong_passphrase and case["signatureNotGiven"] is None
        said = self._office.pin(case_id, "sign", SIGNATORY, SIGNATORY_PHONE) | self._office.passphrase()
        if mistypes:
            self._screen.mishap("Dewi", "mistypes her passphrase")
            said |= {"passphrase": "salah ketik"}
        return self._do(case_id, "sign", SIGNATORY, "signs the PDF with a PIN and her passphrase", said)

    def _await_signature(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        case = self._await(case_id, lambda case: case["stage"] != "signing", "the answer of BSrE", "bsre")
        if case["signatureNotGiven"] is None:
            return case
        text = case["signatureNotGiven"]["text"]
        if not self._plot.wrong_passphrase or "signing" in self._happened:
            raise Refusal("signature-not-given", text)
        self._happened.add("signing")
        self._screen.mishap("BSrE", f"does not sign: {text.removeprefix('BSrE: ')}")
        return case

    def _print(self, case_id: str, case: dict[str, Any]) -> dict[str, Any]:
        if self._plot.by_courier and case["handOver"] != "courier":
            wish = {"method": "courier", "address": ""}
            self._do(case_id, "hand-over-choice", "rina", "enters that a courier shall bring it", wish)
        self._happen("active")
        sheet = {"paper": case["paper"], "serial": "A-000001"}
        return self._do(case_id, "print", "agus", "prints on the special paper", sheet)

    def _sign_ink(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        scan = sha256(f"scan of {case_id}".encode()).hexdigest()
        text = f"records that {SIGNATORY.capitalize()} signed the sheet in ink, and its scan"
        return self._do(case_id, "sign-wet", "rina", text, {"signer": SIGNATORY, "scanSha256": scan})

    def _hand_over(self, case_id: str, case: dict[str, Any]) -> dict[str, Any]:
        if not case["surveyed"]:
            marks = {f"u{n}": 4 for n in range(1, 10)}
            case = self._do(case_id, "survey", "rina", "enters the applicant's survey", marks)
        if self._plot.by_courier:
            return self._await(case_id, lambda case: case["ended"], "the courier's proof of delivery", "courier")
        handed = {"method": "counter", "recipient": self._plot.applicant, "proof": "tanda tangan di loket 1"}
        return self._do(case_id, "hand-over", "rina", "hands the permit over", handed)

    def _await(
        self, case_id: str, until: Callable[[dict[str, Any]], bool], what: str, *agencies: str
    ) -> dict[str, Any]:
        return self._office.await_case(case_id, until, what, agencies)

    def _do(self, case_id: str, deed: str, by: str, text: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        self._screen.exchanges(self._office.exchanges())  # what came before stands above
        self._screen.deed(by.capitalize(), text)
        try:
            return self._office.do(case_id, deed, by, body)
        except Refusal as refusal:
            if refusal.code in (
                "step-not-allowed",
                "recommendation-already-given",
                "survey-already-completed",
                "signature-under-way",
                "hand-over-chosen",
            ):
                return self._office.case(case_id)  # done before the hub was killed: the case says so
            raise
