"""A witness of a ledger: sees that it only grows, co-signs its checkpoints, or refuses loudly and keeps the evidence.

It is run by an agency or at a second site, and shares no code with the hub that it judges.

merkle    consistency proofs, by the recursive definition of RFC 6962 section 2.1.2
memory    the last checkpoint and the evidence, on disk
judge     what is co-signed and what is refused
server    takes checkpoints (C2SP tlog-witness `add-checkpoint`)
visiting  fetches them from a hub that cannot call, and brings the line
"""
