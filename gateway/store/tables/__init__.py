"""Every table of the store, by theme: parties, cases, exchanges, outbox, batches, ledger and what proves it, staff.

Conventions: instants are UTC (`UtcDateTime`), amounts are whole rupiah, documents are text or exact bytes. A column
that is written once never changes; what changes is guarded by a version or a fence (see `plan`).
"""

from __future__ import annotations

from gateway.store.tables.batches import BatchHeldRow, BatchLeftOutRow, BatchNamedRow, BatchPieceRow, BatchRow
from gateway.store.tables.cases import (
    CaseEventRow,
    CaseReferenceRow,
    CaseRow,
    CounterRow,
    DeadlineRow,
    DocumentRow,
    HeldSecretRow,
    OpeningRow,
    PinChallengeRow,
)
from gateway.store.tables.exchanges import ExchangeRow, FailedProofRow, PartRow, RefusalTallyRow
from gateway.store.tables.ledger import (
    CheckpointRow,
    DataKeyRow,
    DossierRow,
    LeafRow,
    LedgerKeyRow,
    TileRow,
    ToSealRow,
    TreeHeadRow,
)
from gateway.store.tables.outbox import AttemptRow, CircuitRow, DeliveryRow, LaneRow
from gateway.store.tables.parties import (
    AgencyRow,
    AgreementRow,
    CertificateAlertRow,
    CertificateRow,
    CertificateStatusRow,
    CredentialRow,
    EndpointRow,
    HubCertificateRow,
    PossessionChallengeRow,
)
from gateway.store.tables.reconciliations import (
    ReconciliationPieceRow,
    ReconciliationRow,
    ReconciliationSettledRow,
)
from gateway.store.tables.staff import RestrictedReadRow, StaffRow, TokenRow
from gateway.store.tables.witnesses import CosignatureRow, TimestampRow, WitnessRow

__all__ = [
    "AgencyRow",
    "AgreementRow",
    "AttemptRow",
    "BatchHeldRow",
    "BatchLeftOutRow",
    "BatchNamedRow",
    "BatchPieceRow",
    "BatchRow",
    "CaseEventRow",
    "CaseReferenceRow",
    "CaseRow",
    "CertificateAlertRow",
    "CertificateRow",
    "CertificateStatusRow",
    "CheckpointRow",
    "CircuitRow",
    "CosignatureRow",
    "CounterRow",
    "CredentialRow",
    "DataKeyRow",
    "DeadlineRow",
    "DeliveryRow",
    "DocumentRow",
    "DossierRow",
    "EndpointRow",
    "ExchangeRow",
    "FailedProofRow",
    "HeldSecretRow",
    "HubCertificateRow",
    "LaneRow",
    "LeafRow",
    "LedgerKeyRow",
    "OpeningRow",
    "PartRow",
    "PinChallengeRow",
    "PossessionChallengeRow",
    "ReconciliationPieceRow",
    "ReconciliationRow",
    "ReconciliationSettledRow",
    "RefusalTallyRow",
    "RestrictedReadRow",
    "StaffRow",
    "TileRow",
    "TimestampRow",
    "ToSealRow",
    "TokenRow",
    "TreeHeadRow",
    "WitnessRow",
]
