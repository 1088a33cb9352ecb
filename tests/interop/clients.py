"""The clients under test: the examples of docs/clients, as their own comments say that they are run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "docs/clients"
JARS = ("wss4j", "xmlsec", "slf4j-api", "slf4j-nop", "commons-logging", "commons-codec")
CLASS_PATH = ":".join(f"/usr/share/java/{name}.jar" for name in JARS)
PFX_PASSWORD = "dpupr"
COMPILED = "(the C# example, compiled)"
"""Stands in a command line for the file that `compiled` makes."""
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Ran:
    """How a client ended, and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client and how it is called. `soap` and `rest` give the command line up to the arguments of each deed.

    `encrypts` says whether the example can do what an agreement asks for that calls an interaction confidential.
    """

    name: str
    folder: str
    version: Callable[[], str]
    soap: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rest: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    encrypts: bool = True

    def run(self, command: tuple[str, ...], *arguments: object) -> Ran:
        """Run to the end."""
        ran = subprocess.run(
            [*(compiled() if each == COMPILED else each for each in command), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            timeout=PATIENCE_S,
            env={**os.environ, "PFX_PASSWORD": PFX_PASSWORD},
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)


def said(*command: str, pattern: str = r".*") -> str:
    """What a program prints about itself, as far as `pattern` reads it on the first line that it matches."""
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    found = re.search(pattern, ran.stdout + ran.stderr)
    assert found, f"{command} says {ran.stdout + ran.stderr!r}"
    return found[0].strip()


def _package(name: str) -> str:
    described = json.loads((CLIENTS / "node/node_modules" / name / "package.json").read_text(encoding="utf-8"))
    return f"{name} {described['version']}"


def _debian(*packages: str) -> str:
    return ", ".join(said("dpkg-query", "-W", "-f", "${Package} ${Version}\\n", each) for each in packages)


def _interpreter() -> str:
    return said(sys.executable, "--version")


def _distribution(*names: str) -> str:
    from importlib.metadata import version

    return ", ".join(f"{name} {version(name)}" for name in names)


@cache
def compiled() -> str:
    """The C# example, compiled by Mono once for each process; its warnings are errors."""
    made = ROOT / f".interop/SimojoClient-{os.getpid()}.exe"
    made.parent.mkdir(exist_ok=True)
    source = CLIENTS / "csharp/SimojoClient.cs"
    libraries = "-r:System.Security,System.Net.Http,System.Core"
    subprocess.run(["mcs", "-warnaserror", libraries, f"-out:{made}", str(source)], check=True, timeout=PATIENCE_S)
    return str(made)


def _python(name: str) -> tuple[str, ...]:
    return (sys.executable, str(CLIENTS / "python" / name))


def _node(name: str) -> tuple[str, ...]:
    return ("node", str(CLIENTS / "node" / name))


def _php(name: str) -> tuple[str, ...]:
    return ("php", str(CLIENTS / "php" / name))


def _java(deed: str) -> tuple[str, ...]:
    return ("java", "-cp", CLASS_PATH, str(CLIENTS / "java/SimojoClient.java"), deed)


PHP = Client(
    name="PHP SoapClient, DOM, openssl, phpseclib",
    folder="php",
    version=lambda: f"{said('php', '--version', pattern=r'PHP [0-9.]+')}, {_debian('php-phpseclib3')}",
    soap={"recommend": _php("recommend.php"), "echo": _php("echo.php")},
)
NODE_SOAP = Client(
    name="Node soap, xml-crypto, xml-encryption",
    folder="node",
    version=lambda: ", ".join(
        (f"Node {said('node', '--version')}", *map(_package, ("soap", "xml-crypto", "xml-encryption")))
    ),
    soap={"recommend": _node("recommend.mjs"), "echo": _node("echo.mjs")},
)
JAVA = Client(
    name="Java WSS4J, Santuario",
    folder="java",
    version=lambda: f"{said('java', '--version')}, {_debian('libwss4j-java', 'libxml-security-java')}",
    soap={"recommend": _java("recommend"), "echo": _java("echo")},
)
CSHARP = Client(
    name="C# SignedXml (Mono)",
    folder="csharp",
    version=lambda: said("mono", "--version", pattern=r"Mono JIT compiler version [\d.]+"),
    soap={deed: ("mono", COMPILED, deed) for deed in ("recommend", "echo")},
    encrypts=False,  # Mono has no AES-GCM
)
ZEEP = Client(
    name="Python zeep, xmlsec",
    folder="python",
    version=lambda: f"{_interpreter()}, {_distribution('zeep', 'xmlsec', 'cryptography')}",
    soap={"recommend": _python("recommend.py"), "echo": _python("echo.py")},
)
JOSE = Client(
    name="Node jose",
    folder="node",
    version=lambda: f"Node {said('node', '--version')}, {_package('jose')}",
    rest={"validity": _node("validity.mjs"), "echo": _node("echo.mjs")},
)
JOSERFC = Client(
    name="Python joserfc",
    folder="python",
    version=lambda: f"{_interpreter()}, {_distribution('joserfc')}",
    rest={"validity": _python("validity.py"), "echo": _python("echo.py")},
)
CURL = Client(
    name="curl and openssl",
    folder="curl",
    version=lambda: (
        f"{said('curl', '--version', pattern=r'curl [0-9.]+')}, {said('openssl', 'version', pattern=r'OpenSSL [^ ]+')}"
    ),
    rest={"ask": ("sh", str(CLIENTS / "curl/ask.sh"))},
    encrypts=False,  # the command openssl has no AES-GCM
)
SOAP_CLIENTS = (PHP, NODE_SOAP, JAVA, CSHARP, ZEEP)
REST_CLIENTS = (JOSE, JOSERFC, CURL)
