"""DPUPR, simulated: technical recommendations over SOAP 1.2, and who asks whether a permit is valid (`ask.sh`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import ClassVar

from conformance.peers.journal import Entry
from conformance.peers.recommendation import Members
from conformance.peers.recommendation_soap import SoapRecommendationPeer, schema_version

HOLDS = timedelta(days=365)
"""How long a recommendation holds: an answer of version 1.1 says so."""


class DpuprPeer(SoapRecommendationPeer):
    """Judges buildings and sites."""

    agency = "dpupr"
    asked = "RecommendationRequest"
    answered = "RecommendationAnswer"
    schema_versions: ClassVar[Sequence[str]] = ("1.0", "1.1")
    case_member: ClassVar[str] = "case"
    numbered: ClassVar[str] = "600/{number:04d}/{year}"
    official: ClassVar[str] = "Ir. Contoh"

    def answers(self, entry: Entry) -> Sequence[Members]:
        """Give the one answer."""
        return (
            {
                "case": entry["case"],
                "number": entry["number"],
                "date": entry["date"],
                **_until(entry),
                "favourable": entry["favourable"],
                "official": self.official,
                "condition": entry["conditions"],
            },
        )

    def guide(self) -> str:
        """Give the ways to act as DPUPR."""
        return (
            "Tanyakan keabsahan izin / ask whether a permit is valid:\n\n```sh\n./ask.sh '<nomor izin>'\n```\n\n"
            "Jawab permintaan dengan tangan / answer a request by hand (MessageID and case stand in the journal), dari "
            "folder proyek / in the project's folder:\n\n"
            "```sh\n.venv/bin/python -m conformance.clients.soap_client \\\n"
            "  --wsdl '{hub}/soap/dpupr/technical-recommendation?wsdl' \\\n"
            "  --key '{home}/key.pem' --certificate '{home}/certificate.pem' --hub-certificate '{hub_certificate}' \\\n"
            "  --relates-to '<MessageID>' --case '<case>' --number 600/1/2026\n```\n\n" + super().guide()
        )


def _until(entry: Entry) -> Members:
    if schema_version(entry) == "1.0":
        return {}
    return {"validUntil": (date.fromisoformat(entry["date"]) + HOLDS).isoformat()}
