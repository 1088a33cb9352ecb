"""The `simojo` command."""

from __future__ import annotations

import sys

from gateway.domain.errors import GatewayError


def main() -> None:
    """Run the command. An error of ours is one sentence on stderr and exit code 2; nothing is a stack trace."""
    from gateway.cli.commands import app

    try:
        app()
    except GatewayError as error:
        print(f"simojo: {error.text} [{error.code}]", file=sys.stderr)
        sys.exit(2)
