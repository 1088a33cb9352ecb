"""The one place that commits: plans of a pipeline, whole or not at all, and never before they are durable.

protocol       what everybody else sees: `commit(plan)`, `within(work)`
group_commit   plans that wait share a transaction; an answer leaves after its COMMIT
waiting        the queue of plans: no two that stand on one row share a transaction
sqlite         guards are checked by reading: nobody else writes
postgres       guards are checked by locking: other processes write too
writing        rows in as few statements as they need
transaction    BEGIN, COMMIT, ROLLBACK, and what their failures mean
trouble        why the last rows could not be written, for those who ask how the store is
"""

from __future__ import annotations

from gateway.store.unit_of_work.group_commit import GroupCommit
from gateway.store.unit_of_work.protocol import Submissions, Transactions, UnitOfWork, Writing
from gateway.store.unit_of_work.transaction import whole

__all__ = ["GroupCommit", "Submissions", "Transactions", "UnitOfWork", "Writing", "whole"]
