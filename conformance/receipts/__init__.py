"""Receipts judged from their specification (`docs/receipts.md`) alone, with none of the hub's code.

damage      what can be wrong with a receipt, by name
forms       the strict JSON, base64 and names of a receipt
note        the signed checkpoint
tree        inclusion in the Merkle tree
leaf        one leaf, and the opening of its commitments
judge       the order of the checks, and the verdict
certificate the certificate that travels along
saying      the verdict in Indonesian and in English
command     `simojo-conformance verify-receipt`
"""
