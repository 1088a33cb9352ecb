"""`simojo check`: do adapters, agreements, schemas and settings go together?"""

from __future__ import annotations

import typer

from gateway.app import coming_differences, differences, unrecorded_hub_certificates
from gateway.app.identity import hub_key
from gateway.app.store import revocation_policy
from gateway.cli.opening import opened
from gateway.exchange.checking import check_agreement
from gateway.exchange.plugins import load_adapters
from gateway.machine import now
from gateway.operations.expiry import certificate_warnings
from gateway.settings import load_settings
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from gateway.validation.library import SchemaLibrary, default_roots


def check() -> None:
    """Say where adapters and agreements differ, with exit code 1; warn of certificates that end soon or are doubtful.

    Checks the agreement files that came with the gateway, and the agreements that are active in the store, in force
    now or later. Writes nothing.
    """
    adapters = load_adapters()
    library = SchemaLibrary(default_roots(adapters.values()))
    settings = load_settings()
    hub = hub_key(settings).kind
    authorities = revocation_policy(settings).authorities
    wrong: list[str] = []
    for name, text in packaged_agreements().items():
        agreement = read_agreement(text)
        adapter = adapters.get(agreement.agency)
        if adapter is None:
            wrong.append(f"agreements/{name}.toml: no adapter is installed for agency {agreement.agency}")
        else:
            wrong += [f"agreements/{name}.toml: {each}" for each in check_agreement(adapter, agreement, library, hub)]
    with opened() as store:
        for agency, said in differences(store, adapters, library, now(), hub).items():
            wrong += [f"active agreement with {agency}: {each}" for each in said]
        for (reference, begins), said in coming_differences(store, adapters, library, now(), hub).items():
            wrong += [f"agreement {reference}, in force from {begins}: {each}" for each in said]
        warnings = (*unrecorded_hub_certificates(store), *certificate_warnings(store.reader, now(), authorities))
    for each in warnings:
        print(f"warning: {each}")
    for each in wrong:
        print(each)
    if wrong:
        raise typer.Exit(1)
    print(f"{len(adapters)} adapters and their agreements agree")
