"""`python -m gateway.cli`: the same as `simojo`."""

from gateway.cli import main

main()
