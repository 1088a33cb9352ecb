"""Judging evidence with code of our own: no network, no database, nothing of the hub's trust or ledger.

container     the ASiC-E file: its form, its manifest, and that every file is what the manifest says
signature     the hub's CAdES signature over the manifest
receipts      receipts of the ledger: Ed25519 over the checkpoint, Merkle paths, commitments to exact bytes
verdict       all of it in order, and what to say about it in Indonesian and English
"""
