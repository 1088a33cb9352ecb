"""The guide and the matrix of foreign clients name all that there is; what works is shown by `make test-interop`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.interop.clients import CLIENTS, REST_CLIENTS, SOAP_CLIENTS
from tests.interop.matrix import COLUMNS, HEAD, PAGE, SOAP_TRANSPORTS

GUIDE = (CLIENTS / "README.md").read_text(encoding="utf-8")
FOLDERS = sorted(each.name for each in CLIENTS.iterdir() if each.is_dir())


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_matrix_has_the_columns_and_a_row_for_every_client_and_transport() -> None:
    head, _, *body = rows()
    assert PAGE.read_text(encoding="utf-8").startswith(HEAD)
    assert head == ["client", "version", "over", *COLUMNS.values()]
    places = [(client, over) for client in SOAP_CLIENTS for over in SOAP_TRANSPORTS]
    places += [(client, "REST") for client in REST_CLIENTS]
    assert [(row[0], row[2]) for row in body] == [(f"[{c.name}](clients/{c.folder})", over) for c, over in places]


def test_the_matrix_leaves_nothing_open_but_encryption_where_a_client_has_none() -> None:
    _, _, *body = rows()
    encrypts = {
        f"[{client.name}](clients/{client.folder})": client.encrypts for client in (*SOAP_CLIENTS, *REST_CLIENTS)
    }
    for row in body:
        *others, encrypted = row
        assert "-" not in others, row
        assert (encrypted == "yes") is encrypts[row[0]], row


def test_every_folder_of_clients_is_run_by_a_test_and_named_in_the_guide() -> None:
    assert {client.folder for client in (*SOAP_CLIENTS, *REST_CLIENTS)} == set(FOLDERS)
    for folder in FOLDERS:
        assert f"({folder})" in GUIDE, folder


def test_the_lock_of_the_node_examples_names_no_registry_and_has_every_digest() -> None:
    lock = json.loads((CLIENTS / "node/package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((CLIENTS / "node/package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = {path: each for path, each in lock["packages"].items() if path}
    assert not [path for path, each in packages.items() if "resolved" in each or "integrity" not in each]
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    assert Path(CLIENTS / "node/.npmrc").read_text(encoding="utf-8").startswith("omit-lockfile-registry-resolved=true")
