"""The two commands that run on: a process is not to hold in memory what all the other commands need."""

from __future__ import annotations

from gateway.cli.root import simojo
from gateway.cli.serve import serve
from gateway.cli.worker import worker

app = simojo()
app.command("serve")(serve)
app.command("worker")(worker)
