"""Everything that is read from the store. Sessions serve reads alone; the one place that writes is `unit_of_work`.

    parties     agencies, endpoints, credentials, certificates, agreements, tokens
    cases       cases, events, references, openings, documents, counters, deadlines, PIN challenges
    exchanges   exchanges, parts, refusal tallies
    outbox      deliveries, attempts, lanes, circuits
    mailboxes   items that agencies collect
    batches     files of records, their pieces, records that are put aside
    ledger      leaves, tiles, checkpoints, data keys
    evidence    names and titles without bodies, who looked at unmasked data
    witnesses   who co-signs checkpoints, and their lines
    lately      what happened of late with one agency
    reconciliations  lists of agencies that were compared
    unsealed    what was stored in clear, before it was sealed
    erasures    what was ordered to be erased, and the leaves that say so
    tallies     what came of exchanges, by agency and interaction

A missing row is None or an empty list, never an error: what it means is the caller's to say. What was read may have
changed by the time a plan commits; the plan's guards tell.
"""

from __future__ import annotations

from gateway.store.reads.batches import BatchReads
from gateway.store.reads.cases import CaseReads
from gateway.store.reads.erasures import ErasureReads
from gateway.store.reads.evidence import EvidenceReads
from gateway.store.reads.exchanges import ExchangeReads
from gateway.store.reads.lately import LatelyReads
from gateway.store.reads.ledger import HEAD, Extent, LedgerReads, WaitingLeaf
from gateway.store.reads.mailboxes import MailboxReads
from gateway.store.reads.outbox import OutboxReads
from gateway.store.reads.parties import PartyReads
from gateway.store.reads.reconciliations import ReconciliationReads
from gateway.store.reads.tallies import TallyReads
from gateway.store.reads.unsealed import UnsealedReads
from gateway.store.reads.witnesses import WitnessReads

__all__ = ["HEAD", "Extent", "Reader", "WaitingLeaf"]


class Reader(
    PartyReads,
    CaseReads,
    ExchangeReads,
    OutboxReads,
    MailboxReads,
    BatchReads,
    LedgerReads,
    WitnessReads,
    LatelyReads,
    ReconciliationReads,
    TallyReads,
    EvidenceReads,
    ErasureReads,
    UnsealedReads,
):
    """All reads of one engine: `Reader(engine)`. Safe to share between threads."""
