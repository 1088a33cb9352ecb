"""One measurement of a program that listens: a warm-up that tells how many messages are needed, then the clock."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.checking import check_answers
from benchmarks.choice import CONNECTIONS, Protocol
from benchmarks.load import LoadFailed, send
from benchmarks.machine import Running
from benchmarks.messages import Mint
from benchmarks.parties import Parties

WARM_UP = 320
WARM_UP_S = 1.0
_MORE = 1.6
"""Messages are made for this multiple of the rate that the warm-up showed: processes grow faster as they warm up."""
_MOST_S = 200.0
"""Messages are fresh for 300 s; making them and sending them has to fit."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one measurement gave. `rss_each_mb` is the peak of each process.

    `load_cpu` and `server_cpu` are shares of one processor: of the load generator, and of the measured processes.
    """

    per_second: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    exchanges: int
    seconds: float
    verified: int
    load_cpu: float
    server_cpu: float
    rss_each_mb: tuple[float, ...]

    @property
    def rss_mb(self) -> float:
        """The peak of the largest process."""
        return max(self.rss_each_mb)

    @property
    def rss_all_mb(self) -> float:
        """The peaks of all processes, added up."""
        return round(sum(self.rss_each_mb), 1)

    @property
    def cpu_ms(self) -> float:
        """Processor time of the measured processes for one exchange; what else the machine does hardly changes it."""
        return self.server_cpu / self.per_second * 1000


def measure(
    protocol: Protocol, parties: Parties, mint: Mint, running: Sequence[Running], seconds: float, *, leaf: bool
) -> Figures:
    """Warm up, sign what will be sent, send it for so many seconds, and verify a sample of the answers.

    Raises LoadFailed for whatever makes the figures worthless.
    """
    ports = [each.port for each in running]
    begun = time.monotonic()
    first = send(
        ports,
        list(mint.messages(WARM_UP)),
        mint.document,
        mint.tail,
        connections=CONNECTIONS,
        seconds=WARM_UP_S,
    )
    messages = list(mint.messages(int(first.per_second * seconds * _MORE) + WARM_UP))
    if time.monotonic() - begun + seconds > _MOST_S:
        raise LoadFailed(f"signing {len(messages)} messages took too long for them to be fresh: shorten BENCH_SECONDS")
    used = sum(each.cpu_s() for each in running)
    load = send(ports, messages, mint.document, mint.tail, connections=CONNECTIONS, seconds=seconds)
    used = sum(each.cpu_s() for each in running) - used
    verified = check_answers(protocol, parties, load.sample, mint.document, leaf=leaf)
    peaks = tuple(round(each.peak_mb(), 1) for each in running)
    return Figures(
        per_second=load.per_second,
        p50_ms=load.percentile_ms(50),
        p99_ms=load.percentile_ms(99),
        max_ms=load.percentile_ms(100),
        exchanges=len(load.latencies),
        seconds=load.elapsed_s,
        verified=verified,
        load_cpu=load.cpu_share,
        server_cpu=used / load.elapsed_s,
        rss_each_mb=peaks,
    )
