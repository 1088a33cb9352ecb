"""The conformance harness: proves that a system keeps its agreement, with code of its own.

It may read the contract, the domain and the schemas, and imports none of the gateway's trust, ledger or exchange
code: a fault that both shared would pass itself.
"""
