"""What can be wrong with a receipt. The codes are those of `docs/receipts.md`."""

from __future__ import annotations

MALFORMED = "receipt-malformed"
VERIFIER_KEY = "verifier-key"
CHECKPOINT_MALFORMED = "checkpoint-malformed"
CHECKPOINT_SIGNATURE = "checkpoint-signature"
ORIGIN = "checkpoint-origin"
LEAF = "leaf-not-canonical"
INCLUSION = "inclusion-proof"
PART_DIFFERS = "part-differs"
PART_MISSING = "part-missing"
CERTIFICATE_DIFFERS = "certificate-differs"
COSIGNATURE = "cosignature"
WITNESS_MISSING = "witness-missing"
TIMESTAMP = "timestamp"

CODES = (
    MALFORMED,
    VERIFIER_KEY,
    CHECKPOINT_MALFORMED,
    CHECKPOINT_SIGNATURE,
    ORIGIN,
    LEAF,
    INCLUSION,
    PART_DIFFERS,
    PART_MISSING,
    CERTIFICATE_DIFFERS,
    COSIGNATURE,
    WITNESS_MISSING,
    TIMESTAMP,
)


class Damaged(Exception):
    """A receipt proves nothing: `code` says how, `where` in what, `detail` what was expected and what was found.

    `given`: the receipt may be whole; a key, a certificate or a file that was given beside it differs.
    """

    def __init__(self, code: str, where: str, detail: str, *, given: bool = False) -> None:
        super().__init__(f"{where}: {code}: {detail}")
        self.code = code
        self.where = where
        self.detail = detail
        self.given = given
