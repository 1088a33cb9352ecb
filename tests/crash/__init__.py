"""Proofs that nothing is lost: a whole town under load while its hub, its workers and its database are killed.

    python -m tests.crash            kill -9 at random instants, on each engine (`make crash`)
    python -m tests.crash.soak       hours at half load (`make soak`)

grounds      a furnished store, its keys, agreements and staff; on either engine
processes    hubs and workers as `simojo` runs them: started, killed, paused
agencies     the simulated agencies: what each heard, and what it answers
clients      agencies that speak to the hub: the same message, signed anew, until it is answered
permits      cases played from application to permit
killing      who is killed when, from a seed
audit        what must hold afterwards
"""
