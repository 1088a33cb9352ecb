"""Facts applied to stored cases: below the exchange and the office, used by both.

Nothing here commits. A `CaseSteps` gathers what one occasion does to cases (facts, their references, deadlines,
deliveries and ledger leaves) and gives it as a plan; the caller adds its own rows and commits the whole.
"""
