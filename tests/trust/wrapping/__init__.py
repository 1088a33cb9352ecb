"""The signature-wrapping family as data and code: every attack is a named function over a genuine message.

scene       a genuine message opened for editing, and what an attacker has of his own
attack      what an attack is: its name, where it strikes, its source, the code that refuses it
moves       parts x places x identifiers: the classic wrapping positions, combined
ids, references, transforms, keys, blocks, namespaces, text
            the rest of the family, by theme
naive       verifiers that others use, to show which attacks are real
catalogue   all of them together
page        the table in docs/security-attacks.md
"""
