"""The `simojo` command."""

from __future__ import annotations

import sys

from gateway.cli.left_out import leave_out
from gateway.domain.errors import GatewayError


def main() -> None:
    """Run the command. An error of ours, or of a file that is named, is one sentence on stderr and exit code 2."""
    if sys.argv[1:2] in (["serve"], ["worker"]):
        leave_out()
        from gateway.cli.processes import app
    else:
        from gateway.cli.commands import app

    try:
        app()
    except GatewayError as error:
        text = " ".join(error.text.split())  # what a library said may have line breaks
        print(f"simojo: {text} [{error.code}]", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"simojo: {error.filename or 'the system'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(2)
