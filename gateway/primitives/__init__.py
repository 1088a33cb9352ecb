"""Small tools of trust, ledger and what stands on them, that hold no rule of the exchange: digests and writing JSON."""
