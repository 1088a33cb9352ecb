"""Reconciliation (Pasal 22(4)b): an agency's list of message ids and digests, held against the hub's record.

What each line of the list gets, and each message of the period that the list does not name:

    matched        the digest opens a commitment of the ledger: both sides hold the same bytes
    repeated       another line of this id matched; this one is another sending of the same message
    different      the id is known, and no leaf commits to these bytes: both digests, and the leaf that speaks
    missing-here   nothing on record has this id or, where it bore none, these bytes
    refused        arrived and was refused without binding its id; found by its digest
    withheld       our copy has secrets taken out, so that its digest is not that of what was sent: ids agree
    erased         on record, and its key was destroyed with the applicant's data: we can no longer compare
    missing-there  on record in the period, and not in the list
    not-delivered  ours, and nothing tells that it arrived: that the list lacks it is no difference
    at-edge        ours, received or taken so near to midnight that it may stand in the list of the next day

`different`, `missing-here` and `missing-there` are differences. SIMOJO's record prevails (Pasal 22(5)).

The ledger speaks, not the stored bytes: a digest is checked against the commitment in a leaf, under the salt of that
part. Bytes are read only to state our own digest beside one that differs, or where the list lacks the message.

A period is whole days of Jakarta by our time of receipt; for what we sent, of the first sending. Lines are looked up
whatever their time, so a message near midnight is never missing here; ours within EDGE of an end of the period are
never missing there. The hub's own services (`meta.`, `mailbox.`) may be listed and need not be.

The same list compared again gives the same lines, as long as nothing new was received; what was placed in the tree
meanwhile has its index then. Lists of any length are compared in bounded memory: the list lies sorted in a temporary
file, the record is read in order of time, a page at a time.
"""

from __future__ import annotations
