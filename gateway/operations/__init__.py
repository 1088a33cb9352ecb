"""What keeps the hub's evidence in order and tells how it is: the ledger's integrator and proofs, checks, health."""
