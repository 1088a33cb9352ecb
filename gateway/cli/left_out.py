"""What other libraries load where they find it, and of which a process that runs on has no use: 5.5 MB.

    rich          structlog prints tracebacks with it, and a hub logs lines of JSON. The help of the command has it
    isoduration   jsonschema asks it about durations, and it loads arrow; here the fast validator is asked about them
                  (`gateway.validation.json_document`)
    pydantic.v1   FastAPI looks whether a parameter is of that form, to refuse it

All three do without: it is usual that these are not installed. What is None among the modules is not found (The Python
Language Reference, 5.3.1).
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import cast

LEFT_OUT = ("isoduration", "pydantic.v1")


def leave_out() -> None:
    """Let these not be found in this process. For its beginning: what is loaded by now stays."""
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    for name in LEFT_OUT:
        modules.setdefault(name, None)
    if "rich" not in modules:
        modules["rich"] = None
        import structlog  # noqa: F401 - loaded here, where it finds no rich

        del modules["rich"]
