"""The agencies that come with the gateway: one package each, data plus pure functions.

An adapter imports `gateway.contract`, `gateway.domain` and the standard library, and nothing else. It names its
interactions, maps a case to a payload and a payload to case events, and leaves the rest to the hub: transport,
signatures, schemas, retries, storage. A payload member of the form `{{secret:name}}` stands for a credential that
the dialect puts in at sending; the interaction lists that member in `redact`.

Further agencies come as packages of their own through the entry-point group `simojo.adapters`.
"""
