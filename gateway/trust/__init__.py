"""Trust: who said it, and what exactly they said. Pure functions; no store, no clock, no network.

xml           the one parser for XML from outside, and exclusive canonical form
envelope      SOAP 1.1 and 1.2 envelopes, opened strictly and built
policy        the allow-list of algorithms, and the refusals by name
keys          our signing key; fingerprints
certificates  certificates that staff registered: usable now, strong enough, proven by possession
freshness     the window of a signed time
wss           WS-Security X.509 signatures over an envelope
jws           detached JWS over a body
secrets       the master key: sealing, derivation, PINs
dev_ca        a certification authority for development alone

Verification returns what it verified: the elements and bytes that a `Verified...` value holds were read from the
octets that were digested, never from the tree that arrived.
"""
