"""The steps of a case. Each is decided by how the case stands, so a demo that was killed goes on where it was."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.cli.demo.office import Office, Refusal
from gateway.cli.demo.screen import Screen

SIGNATORY = "dewi"
SIGNATORY_PHONE = "+6281200000090"


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What is played: a permit that is issued, or one that is refused because DPUPR advises against it."""

    name: str
    kd_izin: str
    applicant: str
    nik: str
    phone: str
    favourable: bool
    npwp: str = ""


PERMIT = Plot(
    name="permit",
    kd_izin="057600000001",
    applicant="Siti Contoh",
    nik="9999014506900001",
    phone="081200000017",
    npwp="000000018999000",
    favourable=True,
)
REFUSED = Plot(
    name="refused",
    kd_izin="057600000002",
    applicant="Budi Contoh",
    nik="9999015708850002",
    phone="081200000018",
    npwp="9999015708850002",
    favourable=False,
)


class Journey:
    """Plays one plot to its end."""

    def __init__(self, plot: Plot, office: Office, screen: Screen, home: Path) -> None:
        self._plot = plot
        self._office = office
        self._screen = screen
        self._path = home / f"journey-{plot.name}.json"

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
        id_izin = self._remembered()
        found = self._office.case_of(id_izin)
        if found is None:
            self._screen.deed("OSS", f"submits the application of {self._plot.applicant}")
            answer = self._office.agency(
                "oss",
                "submit",
                {
                    "id_izin": id_izin,
                    "kd_izin": self._plot.kd_izin,
                    "nik": self._plot.nik,
                    "name": self._plot.applicant,
                    "phone": self._plot.phone,
                    "npwp": self._plot.npwp,
                },
            )
            found = self._office.case_of(id_izin)
            if found is None:
                raise Refusal("not-taken", f"the hub did not take the application: {answer}")
        return found

    def _remembered(self) -> str:
        """OSS's permit id, written down before it is used: after a crash the same application is looked for."""
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
            "validated": self._await_recommendation,
            "recommended": self._decide,
            "approved": self._charge if case["levied"] else self._prepare,
            "charged": self._pay,
            "paid": self._prepare,
            "numbered": self._prepare,
            "prepared": self._sign,
            "signing": self._await_signature,
            "active": self._print,
            "printed": self._hand_over,
        }[case["stage"]]

    def _complete(self, case_id: str, case: dict[str, Any]) -> dict[str, Any]:
        if case["builtArea"] is None:
            self._do(case_id, "area", "rina", "enters the built area from the drawings", {"area_m2": 120})
        self._office.await_case(case_id, lambda case: case["residency"] != "unchecked", "the answer of Dukcapil")
        return self._do(case_id, "complete", "rina", "gives the tanda terima")

    def _verify(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        return self._do(case_id, "verify", "rina", "verifies the papers")

    def _validate(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        self._office.agency("dpupr", "policy", {"favourable": self._plot.favourable})
        return self._do(case_id, "validate", "agus", "validates; DPUPR is asked for its recommendation")

    def _await_recommendation(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        return self._office.await_case(case_id, lambda case: case["stage"] != "validated", "the answer of DPUPR")

    def _decide(self, case_id: str, case: dict[str, Any]) -> dict[str, Any]:
        if not all(each["favourable"] for each in case["recommendations"]):
            grounds = {"grounds": ["Rekomendasi teknis DPUPR tidak mendukung"]}
            return self._do(case_id, "reject", SIGNATORY, "rejects", grounds)
        pin = self._office.pin(case_id, "approve", SIGNATORY, SIGNATORY_PHONE)
        return self._do(case_id, "approve", SIGNATORY, "approves with a PIN from her telephone", pin)

    def _charge(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        return self._do(case_id, "charge", "agus", "issues the SKRD")

    def _pay(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        case = self._office.await_case(
            case_id, lambda case: bool(case["noticeReceivedAt"]) or case["paid"], "the delivery report of the notice"
        )
        if not case["paid"]:
            self._screen.deed("Bank", f"pays virtual account {case['paymentCode']}, Rp{case['amount']:,}")
            self._office.agency("bank", "pay", {"account": case["paymentCode"]})
        return self._office.await_case(case_id, lambda case: case["paid"], "the payment")

    def _prepare(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        return self._do(case_id, "prepare", "agus", "reserves the number and lays the document out")

    def _sign(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        said = self._office.pin(case_id, "sign", SIGNATORY, SIGNATORY_PHONE) | self._office.passphrase()
        return self._do(case_id, "sign", SIGNATORY, "signs the PDF with a PIN and her passphrase", said)

    def _await_signature(self, case_id: str, _case: dict[str, Any]) -> dict[str, Any]:
        case = self._office.await_case(case_id, lambda case: case["stage"] != "signing", "the answer of BSrE")
        if case["signatureNotGiven"] is not None:
            raise Refusal("signature-not-given", case["signatureNotGiven"]["text"])
        return case

    def _print(self, case_id: str, case: dict[str, Any]) -> dict[str, Any]:
        sheet = {"paper": case["paper"], "serial": "A-000001"}
        return self._do(case_id, "print", "agus", "prints on the special paper", sheet)

    def _hand_over(self, case_id: str, case: dict[str, Any]) -> dict[str, Any]:
        if not case["surveyed"]:
            marks = {f"u{n}": 4 for n in range(1, 10)}
            case = self._do(case_id, "survey", "rina", "enters the applicant's survey", marks)
        handed = {"method": "counter", "recipient": self._plot.applicant, "proof": "tanda tangan di loket 1"}
        return self._do(case_id, "hand-over", "rina", "hands the permit over", handed)

    def _do(self, case_id: str, deed: str, by: str, text: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        self._screen.exchanges(self._office.exchanges())  # what came before stands above
        self._screen.deed(by.capitalize(), text)
        try:
            return self._office.do(case_id, deed, by, body)
        except Refusal as refusal:
            if refusal.code in ("step-not-allowed", "survey-already-completed", "signature-under-way"):
                return self._office.case(case_id)  # done before the hub was killed: the case says so
            raise
