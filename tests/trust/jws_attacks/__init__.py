"""Attacks on detached JWS, as data and code.

forge      the attacker's and the careless sender's tools: headers, encodings and signatures of every kind
attack     what an attack is
algorithms, keys, spelling, claims
           the attacks, by theme; claims are what a right signature says wrongly, and bodies other than the signed one
catalogue  all of them together
"""
