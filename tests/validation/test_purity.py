"""What an adapter may not do is told with file, line and what to do, also of a package that was installed apart."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gateway.validation.purity import MODULE_LINES, module_findings, package_findings

PURE = '''"""A mapping."""
from __future__ import annotations
from collections.abc import Mapping
from gateway.contract.message import Payload
from simojo_adapter_dinsos.words import WORDS

def told(payload: Payload) -> Mapping[str, str]:
    return {str(each): WORDS[0] for each in payload}
'''


def found(source: str) -> list[str]:
    return list(module_findings(source, "mapping.py", "simojo_adapter_dinsos"))


def test_a_mapping_that_only_computes_is_well() -> None:
    assert found(PURE) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import socket", "imports socket"),
        ("from os import environ", "imports os"),
        ("from gateway.store.plan import Plan", "imports gateway.store.plan"),
        ("from adapters.bank.snap import codes", "imports adapters.bank.snap"),
        ("from simojo_adapter_dinsosial import x", "imports simojo_adapter_dinsosial"),
        ("from .words import WORDS", "name the module in full"),
        ("HELD = open('/etc/hostname')", "uses open"),
        ("READ = open", "uses open"),
        ("breakpoint()", "uses breakpoint"),
        ("import typing; OS = typing.sys", "uses sys"),
        ("KEPT = {}; KEPT[1] = 2", "keeps state in KEPT"),
        ("from datetime import datetime; AT = datetime.now()", "uses now"),
        ("async def asked(): pass", "it waits"),
        ("def counted():\n    global N", "keeps state"),
        ("def (", "no Python"),
    ],
)
def test_a_breach_is_told_with_its_line(line: str, said: str) -> None:
    (told,) = found(f"# a comment\n{line}\n")
    assert told.startswith(f"mapping.py:{3 if 'global' in line else 2}: ")
    assert said in told


def test_a_module_has_fewer_lines_than_agreed() -> None:
    assert found("A = 1\n" * (MODULE_LINES - 1)) == []
    (told,) = found("A = 1\n" * MODULE_LINES)
    assert "split it" in told


def test_a_package_of_its_own_is_read_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "simojo_adapter_apart"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "inner" / "deep.py").write_text("import subprocess\nraise SystemExit(3)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    (told,) = package_findings("simojo_adapter_apart")
    assert told.startswith(f"{package / 'inner' / 'deep.py'}:1: it imports subprocess")
    assert "simojo_adapter_apart.inner" not in sys.modules
    (none,) = package_findings("simojo_adapter_nowhere")
    assert "no source" in none
