"""Paper against store (Pasal 22(4)c, 22(5)): what SIMOJO has of a permit, and where a paper or a file says otherwise.

    stored      the facts of a permit that are stored and may be compared
    comparing   what a person reads from the paper, field by field
    files       an uploaded PDF: its digest, its signatures
    checks      the deeds of the public page and of staff; what is counted, what the ledger keeps

Where they differ, the store prevails (22(5)). Nothing that the public sends is kept.
"""
