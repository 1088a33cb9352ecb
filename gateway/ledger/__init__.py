"""The ledger: proof of what was said (Pasal 22). Pure functions; no database and no clock.

merkle      RFC 6962 hashing, and checking of inclusion and consistency proofs
tree        the same tree kept as C2SP tiles: extending it, and making proofs
leaf        what one leaf says, and the commitments that open only to their owner
checkpoint  C2SP signed notes over origin, size and root
cosignature witnesses' signatures on such notes (C2SP tlog-cosignature)
receipt     one file that proves an exchange offline
export      the lines of a whole ledger written out
verify      an independent walk over such lines that names the first damage (walk: its state; plain: its speed)
held        checkpoints and receipts of an earlier day, which tell a rollback and a rewrite
finding     what a damage affects, and what to do now
"""
