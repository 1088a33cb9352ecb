"""What a masked view shows: no field in which a person can be named (UU 27/2022), and nothing that no schema names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from gateway.contract.message import Json
from gateway.validation.json_document import JsonDocument
from gateway.validation.library import SchemaLibrary, default_roots
from gateway.validation.minimise import MASKED, mask
from gateway.validation.withheld import WITHHELD

LIBRARY = SchemaLibrary(default_roots())

_REVIEWED = {
    "codes, numbers and references that somebody gives to a message, a payment, a case, a project or a permit": """
        RESPONSE_CODE acknowledgementNumber bankCode bankReference case channel channelCode externalStoreId
        flag_asing flag_checklist id_izin id_produk id_proyek id_proyek_lokasi inquiryRequestId
        jenis_pelaku_usaha jns_identitas_penanggung_jwb journalNum kbli kd_instansi kd_izin kewenangan kode
        language merchantId no_npp no_va nomorSkrd nomor_izin nomor_permintaan number originalReferenceNo oss_id
        paidBills partnerReferenceNo paymentRequestId paymentType referenceNo responseMessage sessionId
        skala_usaha sourceBankCode status status_code status_nib storeId subCompany task terminalId trxId
        virtualAccountNo
    """,
    "what an office or an agency is, does, counts and finds, Dukcapil's verdicts among it": """
        merchantName serviceName namaLayanan jabatan_penanggung_jwb jabatan_ttd jenis masa jenisPraktik trayek
        transactionStatusDesc content/NIK content/NAMA_LGKP
    """,
    "addresses of the office, and secrets, which are stored masked": """
        qrUrl qrImage redirectUrl USER_ID PASSWORD IP_USER userkey passkey passphrase totp location
    """,
    "what the hub answers of itself": "responreceiveNIB/keterangan english indonesia bank/settlement/1.0/result/text",
}
NAMES_NOBODY = frozenset(name for names in _REVIEWED.values() for name in names.split())
"""Reviewed: a text field of such a name says nothing about a person where it is not withheld."""


def open_texts(schema: Any, root: Any, path: str = "", seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The places of a JSON Schema where any text may come: no pattern, no format, no list of values."""
    reference = schema.get("$ref")
    if reference and reference not in seen:
        yield from open_texts(root["$defs"][reference.rsplit("/", 1)[1]], root, path, seen | {reference})
    kinds = schema.get("type", [])
    bound = {"pattern", "format", "enum", "const"} & set(schema)
    if "string" in ([kinds] if isinstance(kinds, str) else kinds) and not bound:
        yield path
    for keyword in ("properties", "patternProperties"):
        for name, each in schema.get(keyword, {}).items():
            yield from open_texts(each, root, f"{path}/{'*' if keyword != 'properties' else name}".lstrip("/"), seen)
    parts = [schema.get("items")] + [each for kind in ("allOf", "anyOf", "oneOf") for each in schema.get(kind, ())]
    for each in filter(lambda part: isinstance(part, Mapping), parts):
        yield from open_texts(each, root, path, seen)


def test_every_text_field_of_an_agencys_schema_is_masked_or_was_found_to_name_nobody() -> None:
    unjudged = []
    for name, is_xml in LIBRARY.ids():
        if is_xml or name.split("/")[0] in ("agreement", "catalogue", "simojo"):
            continue
        document = LIBRARY.json(name)
        masked = {*document.personal_fields, *WITHHELD.get(name, ())}
        for path in dict.fromkeys(open_texts(document.schema, document.schema)):
            above = {path[:end] for end in (*(at for at, char in enumerate(path) if char == "/"), len(path))}
            if not above & masked and not {f"{name}/{path}", path, path.rsplit("/", 1)[-1]} & NAMES_NOBODY:
                unjudged.append(f"{name}: {path}")
    assert unjudged == [], "mark it `x-personal` in a new version, withhold it, or say here that it names nobody"


@pytest.mark.parametrize("name", WITHHELD)
def test_what_is_withheld_is_a_field_of_a_published_schema(name: str) -> None:
    """A misspelt one would withhold nothing."""
    published = {each for each in LIBRARY.ids() if each[0] == name}
    assert published
    for document, is_xml in published:
        text = (LIBRARY.folder(document) / f"{document.rsplit('/', 1)[1]}.{'xsd' if is_xml else 'json'}").read_text()
        for field in WITHHELD[name]:
            assert all(step == "*" or f'"{step}"' in text for step in field.split("/")), field


def test_a_sole_traders_own_name_is_masked_in_a_nib_and_so_is_all_that_the_open_schema_does_not_name() -> None:
    for version in ("1.0", "1.1"):
        request = LIBRARY.json(f"oss/receiveNIB/{version}/request")
        said: dict[str, Json] = {
            "nib": "0000000000017",
            "nama_perseroan": "Siti Contoh",
            "kewenangan": "02",
            "nama_wali": "Ani Contoh",
        }
        place: dict[str, Json] = {
            "id_proyek": "P-1",
            "nama_kegiatan": "Toko Siti Contoh",
            "pemegang": [{"nama": "Ani Contoh"}],
        }
        shown = mask(request, {"dataNIB": {**said, "data_proyek": [place]}, "catatan": "Siti Contoh"})
        assert shown == {
            "dataNIB": {
                "nib": MASKED,
                "nama_perseroan": MASKED,
                "kewenangan": "02",
                "nama_wali": MASKED,
                "data_proyek": [{"id_proyek": "P-1", "nama_kegiatan": MASKED, "pemegang": MASKED}],
            },
            "catatan": MASKED,
        }


def test_a_member_whose_name_a_pattern_describes_is_shown_and_its_unnamed_members_are_not() -> None:
    reply = LIBRARY.json("oss/inqueryNIB/1.0/reply")
    data: dict[str, Json] = {"nib": "0000000000017", "status_nib": "01", "nama_perseroan": "Siti Contoh"}
    shown = mask(reply, {"responINQUERYNIB": {"kode": 200, "keterangan": "NIB Siti Contoh", "dataNIB": data}})
    told = {"nib": MASKED, "status_nib": "01", "nama_perseroan": MASKED}
    assert shown == {"responINQUERYNIB": {"kode": 200, "keterangan": MASKED, "dataNIB": told}}


def test_what_is_withheld_changes_nothing_of_what_is_agreed() -> None:
    """The schemas are as both parties signed them: `excess` goes by their marks alone (decision 0101)."""
    assert "dataNIB/nama_perseroan" not in LIBRARY.json("oss/receiveNIB/1.0/request").personal_fields


def test_a_schema_that_refers_to_itself_is_followed_as_deep_as_the_payload() -> None:
    person = {"properties": {"code": {"type": "string"}, "child": {"$ref": "#/$defs/person"}}}
    document = JsonDocument(
        "contoh/tree/1.0/request", json.dumps({"$defs": {"person": person}, "$ref": "#/$defs/person"}).encode()
    )
    deep: dict[str, Json] = {"code": "a", "child": {"code": "b", "child": {"code": "c", "name": "Siti Contoh"}}}
    assert mask(document, deep) == {"code": "a", "child": {"code": "b", "child": {"code": "c", "name": MASKED}}}
