"""The SOAP edge: spyne as the codec of envelopes, and the fault that an agency's program can read.

spyne is used through its protocols and never through WSGI: WSGI spyne serializes after the handler has returned, which
is outside the commit that must hold the sealed bytes. The gate (hardened parser, one Body with one child) and the
signature are `gateway.trust`'s; the codec sees verified elements alone.
"""
