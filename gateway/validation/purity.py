"""An adapter is data plus pure functions: its modules are read, never run, and held to that.

    length    each module under MODULE_LINES lines, so that an officer of the office can read a mapping whole
    imports   `gateway.contract`, `gateway.domain`, the package's own modules, and what of the standard library computes
    effects   nothing that opens, prints, asks for the time or keeps state: those are the hub's, and are recorded there

Holds for the adapters of the house and for a vendor's package alike: `simojo adapter check` says what it finds, with
file and line. It is a reviewer's aid and no sandbox: who means harm finds a way round it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

MODULE_LINES: Final = 150
"""A module of an adapter has fewer lines than this."""

COMPUTES: Final = frozenset(
    {
        "__future__",
        "base64",
        "collections",
        "dataclasses",
        "datetime",
        "hashlib",
        "json",
        "re",
        "types",
        "typing",
    }
)
"""What of the standard library computes alone: no socket, os, pathlib, time, random, uuid, threading."""

_NAMES = frozenset(
    {
        *("open", "print", "input", "exec", "eval", "compile", "breakpoint", "__import__", "__builtins__"),
        *("globals", "vars", "setattr", "delattr"),
    }
)
_ATTRIBUTES = frozenset(
    {
        *("now", "today", "utcnow", "read_text", "write_text", "read_bytes", "write_bytes", "getenv", "import_module"),
        *("sys", "os", "modules", "__builtins__", "__globals__", "__subclasses__"),
    }
)


def package_findings(package: str) -> Iterator[str]:
    """Each breach in any module of an installed package, as `file:line: what, and what to do`; none when it is pure.

    A package that has no source to read (compiled, or in an archive) is a finding of its own.
    """
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):  # what it says of itself is no package that is there
        spec = None
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    single = [Path(spec.origin)] if spec is not None and spec.origin is not None and not folders else []
    modules = sorted({*single, *(each for folder in folders for each in Path(folder).rglob("*.py"))})
    if not modules:
        yield f"{package} has no source that can be read: ship the adapter as .py files"
    for module in modules:
        try:
            source = module.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            yield f"{module}:1: it cannot be read ({type(error).__name__}): ship it as UTF-8"
        else:
            yield from module_findings(source, str(module), package)


def module_findings(source: str, name: str, package: str) -> Iterator[str]:
    """Each breach in one module. `name` is what the findings call it, `package` the dotted name of its own package."""
    lines = len(source.splitlines())
    if lines >= MODULE_LINES:
        yield f"{name}:{lines}: {lines} lines, and fewer than {MODULE_LINES} are agreed: split it into modules"
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        yield f"{name}:{error.lineno or 1}: no Python that can be read: {error.msg}"
        return
    own = {each.id for node in tree.body for each in _bound(node)}
    for node in ast.walk(tree):
        for said in (*_imports(node, package), *_effects(node, own)):
            yield f"{name}:{getattr(node, 'lineno', 1)}: {said}"


def _bound(node: ast.stmt) -> Iterator[ast.Name]:
    """The names that a statement of the module binds."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return (each for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))


def _imports(node: ast.AST, package: str) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            for each in names:
                if not _may_import(each.name, package):
                    yield _not_imported(each.name)
        case ast.ImportFrom(level=level) if level:
            yield "a relative import: name the module in full"
        case ast.ImportFrom(module=str(module)) if not _may_import(module, package):
            yield _not_imported(module)


def _effects(node: ast.AST, own: Collection[str]) -> Iterator[str]:
    """`own` are the names of the module: what changes them keeps state."""
    match node:
        case ast.Subscript(value=ast.Name(id=kept), ctx=ast.Store() | ast.Del()) if kept in own:
            yield f"it keeps state in {kept}: build the value at once, or take what is needed as arguments"
        case ast.Global() | ast.Nonlocal():
            yield "it keeps state between calls: take what is needed as arguments"
        case ast.Await() | ast.AsyncFunctionDef() | ast.AsyncFor() | ast.AsyncWith():
            yield "it waits for something: an adapter only computes, the hub makes the calls"
        # named, not only called: a name that is kept is called later
        case ast.Name(id=used, ctx=ast.Load()) if used in _NAMES:
            yield _not_used(used)
        case ast.Attribute(attr=used, ctx=ast.Load()) if used in _ATTRIBUTES:
            yield _not_used(used)


def _may_import(module: str, package: str) -> bool:
    origin, own = module.split("."), package.split(".")
    if origin[0] in COMPUTES:
        return origin[0] in sys.stdlib_module_names | {"__future__"}
    return origin[:2] in (["gateway", "contract"], ["gateway", "domain"]) or origin[: len(own)] == own


def _not_imported(module: str) -> str:
    return (
        f"it imports {module}: an adapter imports gateway.contract, gateway.domain, its own modules and "
        f"{', '.join(sorted(COMPUTES - {'__future__'}))} alone; what needs more is the hub's to do"
    )


def _not_used(used: str) -> str:
    return f"it uses {used}: no input, output, clock or state; take the value as an argument or from the message"
