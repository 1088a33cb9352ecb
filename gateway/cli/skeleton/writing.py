"""The skeleton onto the disk: all of it or nothing, and nothing that is there is written over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from gateway.cli.skeleton.choice import Choice
from gateway.domain.errors import Refused

PROJECT = "pyproject.toml"
GROUP = '[project.entry-points."simojo.adapters"]'
_OURS = re.compile(r'^name = "simojo-gateway"$', re.MULTILINE)


def check_free(folder: Path, pages: Mapping[PurePosixPath, str]) -> None:
    """Raise Refused `file-exists` when one of the files is there, or something that is no folder is in the way."""
    for name in sorted(pages):
        path = folder / name
        if path.exists() or path.is_symlink():
            raise Refused(
                f"{path} is there already, and nothing was written: give another name or folder", code="file-exists"
            )
        blocked = next((each for each in path.parents if each.exists() and not each.is_dir()), None)
        if blocked is not None:
            raise Refused(f"{blocked} is no folder, and nothing was written: give another --into", code="file-exists")


def project_with(choice: Choice, folder: Path) -> str:
    """The gateway's own pyproject.toml with the entry point of the new adapter, in the order of the alphabet.

    Raises Refused `not-the-project` when the folder is not the gateway's, `file-exists` when the agency is named there.
    """
    path = folder / PROJECT
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    head, group, tail = text.partition(f"{GROUP}\n")
    if not _OURS.search(head) or not group:
        raise Refused(
            f"{folder} is not the folder of the gateway's source: name it with --into, or make a package of its own "
            "with --package",
            code="not-the-project",
        )
    listed, _, rest = tail.partition("\n\n")
    lines = listed.splitlines()
    if any(line.partition(" ")[0].strip('"') == choice.agency for line in lines):
        raise Refused(f"{path} names an adapter of {choice.agency} already", code="file-exists")
    lines = sorted([*lines, f'{choice.agency} = "{choice.package}:ADAPTER"'])
    return "\n".join((f"{head}{GROUP}", *lines)) + f"\n\n{rest}"


def write(folder: Path, pages: Mapping[PurePosixPath, str], project: str | None = None) -> None:
    """Write the pages below `folder`, and `project` over the pyproject.toml there. Whatever goes wrong, nothing stays.

    Raises Refused as `check_free` does, and what the file system raises.
    """
    check_free(folder, pages)
    made: list[Path] = []
    try:
        for name, text in pages.items():
            path = folder / name
            missing = [each for each in (path.parent, *path.parent.parents) if not each.exists()]
            for each in reversed(missing):
                each.mkdir()
                made.append(each)
            with path.open("x", encoding="utf-8") as file:
                made.append(path)
                file.write(text)
        if project is not None:
            part = folder / f".{PROJECT}.part"
            made.append(part)
            part.write_text(project, encoding="utf-8")
            part.replace(folder / PROJECT)
    except BaseException:
        for each in reversed(made):
            if each.is_dir() and not each.is_symlink():
                each.rmdir()
            else:
                each.unlink(missing_ok=True)
        raise
