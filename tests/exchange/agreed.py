"""Terms and schemas as they are packaged, for parts that are tried by themselves."""

from __future__ import annotations

from adapters.dpupr import ADAPTER as DPUPR
from adapters.satpolpp import ADAPTER as SATPOLPP
from adapters.sms import ADAPTER as SMS
from gateway.contract.adapter import Adapter
from gateway.exchange.directory import Terms
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from gateway.validation.library import SchemaLibrary, default_roots


def terms(adapter: Adapter, name: str) -> Terms:
    agreement = read_agreement(packaged_agreements()[adapter.agreement])
    declared, agreed = adapter.interaction(name), agreement.interaction(name)
    assert declared is not None
    assert agreed is not None
    return Terms(adapter=adapter, interaction=declared, agreement=agreement, agreed=agreed)


def library() -> SchemaLibrary:
    return SchemaLibrary(default_roots([DPUPR, SMS, SATPOLPP]))
