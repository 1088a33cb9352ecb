"""Every column of every table says what it holds (UU 27/2022 Pasal 35): what may name a person is sealed.

A column that is new belongs in one of the lists below before this passes. The question to ask is not what it should
hold but what a careless agency, officer or adapter could write into it.
"""

from __future__ import annotations

from itertools import chain

from sqlmodel import SQLModel

from gateway.store.plan import table_of
from gateway.store.sealed_rows import SEALED
from gateway.store.tables import CaseEventRow, CaseRow, DocumentRow, PartRow

HUB_MADE = """
    attempt: delivery number fence started_at ended_at outcome
    batch: id direction state ends_as made_at ended_at received read position accepted declined invalid failed held
    batch: result_size due_at fence lease_until cursor left_out piece_size tries answer_size lacking stopped_in
    batch_held: batch number tries due_at
    batch_left_out: batch case_id
    batch_named: case_id batch is_named
    batch_piece: batch side position
    case_event: case_id seq kind occurred_at entered_at exchange
    case_opening: case_id
    case_reference: case_id kind
    certificate: registered_at revoked_at
    certificate_alert: fingerprint days at
    certificate_status: since asked_at
    checkpoint: size previous note at
    circuit: failures openings opened_at open_until probe_until cause
    cosignature: size
    counter: name value
    data_key: scope under
    deadline: case_id kind due_at
    delivery: id queue position case_id case_version ask_kind state message_id made_at due_at attempts fence lease_until
    delivery: last_attempt outcome answer_due_at remind_at
    document: case_id kind media_type made_at
    dossier: scope
    erased: leaf scope
    erased_file: batch case_id
    erasure: id dossier state basis cases proposed_at decided_at destroyed_at swept_at done_at
    exchange: id direction case_id verdict code at sealed_at status bodies_gone_at gone_by
    exchange_part: exchange name
    failed_proof: code at count explanation
    held_secret: challenge expires_at
    key_holder: name keys started_at
    lane: paced_until held_until held_at
    leaf: serial id exchange case_id tree_index
    ledger_key: began_at ended_at
    master_key: id state since
    permit_case: id version service origin stage ended opened_at changed_at next_order
    pin_challenge: id case_id step expires_at wrong used_at
    possession_challenge: nonce made_at used_at
    reconciliation: id state source made_at alive_at ended_at batch counts differences unsettled tree_size result_size
    reconciliation: kept_until
    reconciliation_piece: reconciliation number
    reconciliation_settled: reconciliation number at
    refusal_tally: minute code count
    restricted_read: id at what subject leaf
    retention_hold: subject at
    retention_run: day began_at ended_at removed days kept
    tile: level number
    timestamp_token: size at
    to_seal: name
    tree_head: id size
    witness: interval_s state proposed_at approved_at size seen_at failures next_at trouble refusal alerted_at
"""
"""Ids, times, counts, states and words of the hub's own. A case's id says nothing of its person.

`circuit.cause` is our word for a call that brought no answer, or HTTP 5xx; never what the agency answered.
`failed_proof.explanation` names steps and mistakes, values masked."""

DIGEST = """
    api_token: hash
    batch: sha256 token result_sha256
    case_opening: digest
    case_reference: digest
    document: sha256
    dossier: digest
    exchange: content
    leaf: canonical hash
    reconciliation: list_sha256 result_sha256
    restricted_read: salt
    tile: hashes
"""
"""Keyed digests of what could be guessed (names, NIK, contents), commitments under salts that are stored nowhere, and
plain SHA-256 of what nobody guesses: whole files, documents, random tokens. The salt of a restricted read opens a
commitment to what stands sealed beside it."""

SEALED_BY_MASTER = """
    credential: sealed
    data_key: wrapped
    derived_key: wrapped purpose
    held_secret: sealed
"""

AGENCY = """
    batch: agency interaction name agreement agreement_version format size records upload
    batch_named: agency interaction
    circuit: agency interaction url
    cosignature: witness line signed_at
    credential: agency name
    delivery: agency interaction agreement agreement_version
    exchange: agency interaction agreement message_id relates_to
    failed_proof: agency interaction
    lane: agency interaction
    possession_challenge: agency fingerprint
    reconciliation: agency since until
    refusal_tally: address
    timestamp_token: token
    certificate_status: fingerprint this_update next_update source revoked_at reason fault
"""
"""What an agency, a witness or an authority is and does. Its message ids and names of files are its own choice: they
are how it and we find a message, agreements ask that they name nobody, and an erasure leaves them. The address of a
sender that was not proven is here for a minute."""

STAFF = """
    api_token: staff scopes made_at expires_at revoked_at
    case_event: actor
    pin_challenge: person
    reconciliation: actor
    reconciliation_settled: actor
    restricted_read: actor
    retention_hold: actor
    erasure: proposed_by decided_by
    staff: id name title nip phone delegation delegation_from delegation_until delegation_electronic nik
    witness: proposed_by approved_by
"""
"""Who works here, in their office: what an official does is public record, and is not erased with an applicant."""

CONFIGURATION = """
    agency: id name kind suspended
    agreement: id version agency state hash body activated_at activated_as
    batch: wanted
    certificate: fingerprint agency pem possession revoked_because uses chain spki_sha256
    endpoint: agency interaction url
    hub_certificate: fingerprint role pem signs_from signs_until
    ledger_key: verifier
    witness: name verifier url agency
"""
"""What staff set about agencies, certificates and witnesses. `batch.wanted` names services and days."""

CLEAR = (HUB_MADE, DIGEST, SEALED_BY_MASTER, AGENCY, STAFF, CONFIGURATION)


def test_every_column_says_what_it_holds_and_what_may_name_a_person_is_sealed() -> None:
    own = [f"{model.__tablename__}.body" for model in (CaseRow, CaseEventRow, DocumentRow, PartRow)]
    sealed = [*own, *(f"{model.__tablename__}.{name}" for model, names in SEALED.items() for name in names)]
    said = [*chain.from_iterable(map(listed, CLEAR)), *sealed]
    there = {f"{table.name}.{column.name}" for table in SQLModel.metadata.tables.values() for column in table.columns}
    assert sorted(there - set(said)) == [], "say of a new column what it holds, and seal it if it may name a person"
    assert sorted(set(said) - there) == []
    assert sorted(each for each in set(said) if said.count(each) > 1) == [], "one list for each column"


def test_no_sealed_column_is_part_of_a_key_or_of_an_index() -> None:
    for model, names in SEALED.items():
        table = table_of(model)
        indexed = {column.name for index in table.indexes for column in index.columns}
        assert not set(names) & (indexed | {column.name for column in table.primary_key.columns})


def listed(text: str) -> list[str]:
    """The columns of a list as `table.column`."""
    lines = (line.split(":") for line in text.split("\n") if line.strip())
    return [f"{table.strip()}.{name}" for table, names in lines for name in names.split()]
