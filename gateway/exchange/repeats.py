"""A message that was answered before: whether that answer still stands (decision 0073).

It does wherever the message bears an id. Where its content is its identity, a refusal binds nothing, not even one from
before that was so; and what says how something stands is new again when another has said otherwise meanwhile.
"""

from __future__ import annotations

from gateway.casework.desk import Casework
from gateway.contract.adapter import Submission
from gateway.domain.errors import GatewayError
from gateway.exchange.answering import read_agreed
from gateway.exchange.directory import Terms
from gateway.exchange.effects import find_agreed
from gateway.exchange.identity import Seen
from gateway.exchange.mapping import Mapping
from gateway.store.tables import ExchangeRow
from gateway.validation.library import SchemaLibrary


def is_overtaken(seen: Seen, terms: Terms, earlier: ExchangeRow, casework: Casework, library: SchemaLibrary) -> bool:
    """Whether `earlier`, the answer to the same content, is to be found anew. Reads the store; raises HubBusy."""
    declared = terms.interaction
    if not seen.by_content or earlier.interaction != declared.name:
        return False
    if earlier.code is not None:
        return True
    if not isinstance(declared, Submission) or not declared.says_state:
        return False
    try:
        payload = read_agreed(terms, seen.wire, seen.proven, library)
        with Mapping(terms.name):
            found = find_agreed(terms, casework, declared.about(payload))
    except GatewayError:
        return False  # it was taken once, and is not judged by what was agreed since
    cases = {case.id for each in found.values() for case in each}
    return casework.reader.said_since(earlier, cases)
