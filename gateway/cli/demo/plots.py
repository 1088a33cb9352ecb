"""What is played: who applies for what, how agencies judge it, and what goes wrong on the way.

PERMIT, REFUSED   the two of plain `simojo demo`
ALL               those of `simojo demo --all`: between them they need every agency and every interaction model

What goes wrong is ordered from the simulated agencies, and told as it is ordered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NAMES: Mapping[str, str] = {
    "bakesbangpol": "Bakesbangpol",
    "bank": "Bank",
    "bpkpd": "BPKPD",
    "bsre": "BSrE",
    "courier": "Kurir",
    "dinkes": "Dinkes",
    "dishub": "Dishub",
    "djp": "DJP",
    "dlh": "DLH",
    "dpupr": "DPUPR",
    "dukcapil": "Dukcapil",
    "email": "Surel",
    "oss": "OSS",
    "satpolpp": "Satpol PP",
    "sms": "SMS",
}
"""How agencies are called in what is printed."""

MANNERS: Mapping[str, str] = {
    "other-case": "answers about another case first; the hub refuses that",
    "nonsense": "answers in nonsense first; the hub refuses that",
    "twice": "answers twice; the first answer counts",
}
"""How the manners of judges that err are told."""


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """Something that goes wrong once: what is ordered at `/_control/<order>` of an agency, and how it is told.

    `{}` in a text of the order is filled with what was not said before.
    """

    agency: str
    order: str
    body: Mapping[str, Any]
    told: str


def fault(agency: str, kind: str, told: str) -> Mishap:
    """The agency's next answer is spoiled."""
    return Mishap(agency=agency, order="fault", body={"kind": kind, "times": 1}, told=told)


def reports(agency: str, outcomes: tuple[str, ...], told: str) -> Mishap:
    """What the agency reports on the next thing that it takes."""
    return Mishap(agency=agency, order="reports", body={"outcomes": list(outcomes)}, told=told)


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One case. It comes from OSS with `kd_izin`, or else to the counter for a `service`.

    `judges`: how each agency that is asked judges it (its simulation's policy). `by_hand` are agencies whose agreement
    does not cover the service: an officer is told to ask them, and enters their letter. `mishaps` happen at the stage
    that they stand under; "" is before the application. `repeated`: OSS delivers its message so often. `wrong_amount`,
    `wrong_passphrase`: so it is tried first.
    """

    name: str
    title: str
    applicant: str
    nik: str
    phone: str
    judges: Mapping[str, Mapping[str, Any]]
    kd_izin: str = ""
    service: str = ""
    company: str | None = None
    npwp: str = ""
    nib: str | None = None
    purpose: str = "Toko Contoh"
    documents: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    by_courier: bool = False
    repeated: int = 1
    wrong_amount: bool = False
    wrong_passphrase: bool = False
    mishaps: Mapping[str, tuple[Mishap, ...]] = field(default_factory=dict)


PERMIT = Plot(
    name="permit",
    title="A building permit (PBG)",
    kd_izin="057600000001",
    applicant="Siti Contoh",
    nik="9999014506900001",
    phone="081200000017",
    npwp="000000018999000",
    judges={"dpupr": {"favourable": True}},
)
REFUSED = Plot(
    name="refused",
    title="A statement that is refused (KRK)",
    kd_izin="057600000002",
    applicant="Budi Contoh",
    nik="9999015708850002",
    phone="081200000018",
    npwp="9999015708850002",
    judges={"dpupr": {"favourable": False}},
)

_UNMAPPED = Mishap(
    agency="oss",
    order="submit",
    body={
        "id_izin": "I-DEMO-{}",
        "kd_izin": "057600000099",
        "nik": "9999014506900001",
        "name": "Siti Contoh",
        "phone": "081200000017",
    },
    told="submits a kind of permit that the city has not mapped; the hub refuses it",
)
_NOBODYS = Mishap(
    agency="bank",
    order="pay",
    body={"account": "88726999999999999"},
    told="asks what is owed on a virtual account that nobody has; the hub refuses to say",
)

ALL: tuple[Plot, ...] = (
    Plot(
        name="all-building",
        title="A building permit (PBG) from OSS: charged, signed, brought by courier",
        kd_izin="057600000001",
        applicant="Siti Contoh",
        nik="9999014506900001",
        phone="081200000017",
        judges={"dpupr": {"favourable": True, "manner": "other-case"}},
        by_courier=True,
        repeated=2,
        wrong_amount=True,
        wrong_passphrase=True,
        mishaps={
            "": (_UNMAPPED,),
            "verified": (fault("dpupr", "down", "is down when it is asked (503); the hub asks again"),),
            "charged": (_NOBODYS,),
            "active": (reports("courier", ("attempted", "delivered"), "finds nobody at home, and comes again"),),
        },
    ),
    Plot(
        name="all-billboard",
        title="A billboard (reklame) from OSS: Satpol PP comes for its task and objects; rejected",
        kd_izin="057600000003",
        applicant="Budi Contoh",
        nik="9999015708850002",
        phone="081200000018",
        npwp="9999015708850002",
        purpose="Papan reklame 4 x 6 m",
        judges={"satpolpp": {"favourable": False}, "bpkpd": {"favourable": True}},
        by_hand=("dpupr",),
        mishaps={
            "": (fault("djp", "nonsense", "answers the first question with nonsense; the hub asks again"),),
            "verified": (fault("bpkpd", "down", "is down when it is asked (503); the hub asks again"),),
        },
    ),
    Plot(
        name="all-route",
        title="A bus route (trayek) from OSS: a tax return is missing, which officers see; signed in ink",
        kd_izin="057600000004",
        applicant="Agus Contoh",
        nik="9999011203780003",
        phone="081200000019",
        company="CV Contoh Lalai",
        npwp="000000026999000",
        purpose="Trayek Mentikan - Kranggan",
        judges={"dishub": {"favourable": True, "manner": "nonsense"}},
    ),
    Plot(
        name="all-environment",
        title="An environmental approval (lingkungan) at the counter, with a NIB",
        service="lingkungan",
        applicant="Siti Contoh",
        nik="9999014506900001",
        phone="081200000020",
        company="PT Contoh Sejahtera",
        npwp="000000000999000",
        nib="0000000000017",
        purpose="Bengkel Contoh",
        documents=("dokumen-lingkungan",),
        judges={"dlh": {"favourable": True, "conditions": ["Pasang penangkap lemak (contoh)."]}},
        mishaps={
            "": (fault("oss", "html", "answers with a maintenance page (HTTP 200); the hub asks again"),),
            "verified": (
                fault(
                    "dlh",
                    "lost-answer",
                    "takes the request, its acknowledgement is lost; what it recommends counts all the same",
                ),
            ),
        },
    ),
    Plot(
        name="all-doctor",
        title="A licence to practise (SIP dokter) at the counter",
        service="sip-dokter",
        applicant="Dewi Contoh",
        nik="9999016511920004",
        phone="081200000021",
        purpose="Praktik mandiri",
        documents=("str", "ijazah"),
        judges={"dinkes": {"favourable": True, "manner": "twice"}},
        mishaps={
            "": (
                fault("dukcapil", "html", "answers with a maintenance page (HTTP 200); the hub asks again"),
                fault("email", "down", "is down for the first mail (503); the hub sends it again"),
                reports("sms", ("DELIVRD", "DELIVRD"), "reports the next message twice; the first report counts"),
            ),
        },
    ),
    Plot(
        name="all-study",
        title="A research permit (penelitian) at the counter",
        service="penelitian",
        applicant="Agus Contoh",
        nik="9999011203780003",
        phone="081200000022",
        purpose="Kajian lalu lintas pasar (contoh)",
        documents=("proposal",),
        judges={"bakesbangpol": {"favourable": True}},
        mishaps={"verified": (fault("bakesbangpol", "down", "is down when it is asked (503); the hub asks again"),)},
    ),
)
