"""A manifest becomes a batch: held against the agreement, once for each name that the agency gives.

The agency makes the upload token and keeps it; the manifest holds its SHA-256 alone. So what is stored, answered and
proven of the exchange lets nobody upload, and the same manifest has the same answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import rfc8785

from gateway.contract.message import Payload
from gateway.domain.errors import HubBusy, Malformed, Refused, Replayed, SchemaViolation, Violation
from gateway.exchange.batch.documents import IN, MAX_OPEN, PIECE_BYTES, BatchState
from gateway.exchange.batch.expected import check_period
from gateway.exchange.batch.moves import changed
from gateway.exchange.directory import Terms
from gateway.store.plan import Claim, Plan
from gateway.store.reading import Reader
from gateway.store.sealed_rows import sealed
from gateway.store.tables import BatchRow
from gateway.store.vault import Vault

TOKEN_MEMBER = "uploadTokenSha256"  # noqa: S105 - the name of a member, not a secret


def announced(
    terms: Terms,
    manifest: Payload,
    exchange: str,
    reader: Reader,
    vault: Vault,
    at: datetime,
    *,
    uploaded: bool = True,
) -> tuple[Payload, Plan]:
    """The acknowledgement of a manifest, and what makes its batch; the first batch's where it was announced before.

    `uploaded`: its bytes come over the network, by whoever has the token that the manifest names.
    Raises Refused for what was not agreed, SchemaViolation `upload-token-missing` or `batch-period`, Replayed
    `batch-name-used` for a name that stands for another file, HubBusy `batches-open` while too many files of the
    interaction are awaited.
    """
    if uploaded and TOKEN_MEMBER not in manifest:
        raise SchemaViolation(
            f"an upload needs {TOKEN_MEMBER}: the SHA-256 of a token that you make, and show with each piece",
            code="upload-token-missing",
            violations=(Violation(path=f"/{TOKEN_MEMBER}", rule="required", text="this member is required"),),
        )
    check_agreed(terms, manifest)
    check_period(terms, manifest, at)
    agency, interaction = terms.adapter.agency.id, terms.interaction.name
    known = reader.batch_by_name(agency, interaction, str(manifest["batch"]))
    if known is not None:
        if _without_token(json.loads(known.manifest or "{}")) != _without_token(manifest):
            raise Replayed(
                f"batch {manifest['batch']} was announced before with other content: give every file a name of its own",
                code="batch-name-used",
            )
        return _accepted(known.model_dump()), _token_plan(vault, known, manifest)
    if reader.batches_in(agency, interaction, BatchState.UPLOADING) >= MAX_OPEN:
        raise HubBusy(
            f"{MAX_OPEN} files of this interaction were announced and are not here yet: send those first",
            code="batches-open",
            after_s=60,
        )
    batch = new_batch(terms, manifest, exchange, at)
    return _accepted(batch), named_once(vault, batch, at)


def _without_token(manifest: Payload) -> dict[str, object]:
    return {name: value for name, value in manifest.items() if name != TOKEN_MEMBER}


def _token_plan(vault: Vault, known: BatchRow, manifest: Payload) -> Plan:
    """The plan of a manifest that is announced once more: where it names another token, that one counts from now on.

    The agency lost the first one; it signed for the second.
    """
    token = manifest.get(TOKEN_MEMBER, "")
    if not known.token or token in ("", known.token):
        return Plan()
    values = {"token": token, "manifest": canonical_text(manifest)}
    return changed(vault, known, {"token": known.token}, values)


def check_agreed(terms: Terms, manifest: Payload) -> None:
    """Raise Refused for a form or a size that was not agreed."""
    agreed = terms.agreed
    if manifest["format"] not in agreed.formats:
        raise Refused(
            f"files of the form {manifest['format']} were not agreed, but {', '.join(agreed.formats)}",
            code="batch-format",
            clause=f"{terms.reference} formats (Pasal 21(2)c.3)",
        )
    size = int(str(manifest["bytes"]))
    if size > agreed.max_size:
        raise Malformed(
            f"the file has {size} bytes, agreed are {agreed.max_size}",
            code="body-too-large",
            clause=f"{terms.reference} max_size",
        )


def new_batch(
    terms: Terms, manifest: Payload, exchange: str, at: datetime, state: BatchState = BatchState.UPLOADING
) -> dict[str, object]:
    """The row of a batch that was just announced, in the exchange of that id."""
    return {
        "id": exchange,
        "direction": IN,
        "agency": terms.adapter.agency.id,
        "interaction": terms.interaction.name,
        "name": manifest["batch"],
        "agreement": terms.agreement.id,
        "agreement_version": terms.agreement.version,
        "manifest": canonical_text(manifest),
        "format": manifest["format"],
        "size": manifest["bytes"],
        "sha256": manifest["sha256"],
        "records": manifest["records"],
        "token": manifest.get(TOKEN_MEMBER, ""),
        "state": state.value,
        "made_at": at,
        "due_at": at,
        "cursor": "",
        **dict.fromkeys(COUNTS, 0),
    }


COUNTS = (
    *("received", "read", "position", "accepted", "declined", "invalid", "failed", "held", "result_size", "fence"),
    *("left_out", "piece_size", "tries", "answer_size", "lacking"),
)
"""What a batch begins with as 0."""


def named_once(vault: Vault, batch: Mapping[str, object], at: datetime) -> Plan:
    """The plan that makes a batch which is `made_at` then, unless there is one of that name."""
    kept = sealed(vault, BatchRow, batch, batch, at=at)
    return kept.plan + Plan.of(Claim(BatchRow, ("direction", "agency", "interaction", "name"), kept.values))


def canonical_text(manifest: Payload) -> str:
    """The canonical form of a manifest (RFC 8785): two that are alike say the same."""
    return rfc8785.dumps(dict(manifest)).decode()


def address_of(agency: str, interaction: str, batch: str) -> str:
    """The path below which everything about a batch is."""
    return f"/rest/{agency}/{interaction}/batches/{batch}"


def _accepted(batch: Mapping[str, Any]) -> Payload:
    return {
        "batch": batch["name"],
        "exchange": batch["id"],
        "upload": address_of(batch["agency"], batch["interaction"], batch["id"]),
        "pieceBytes": PIECE_BYTES,
        "bytes": batch["size"],
    }
