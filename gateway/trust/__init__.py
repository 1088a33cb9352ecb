"""Trust: who said it, and what exactly they said. Pure functions; no store, no clock, no network.

xml              the one parser for XML from outside, and exclusive canonical form
envelope         SOAP 1.1 and 1.2 envelopes, opened strictly and built
policy           the allow-list of algorithms, and the refusals by name
keys             our signing key, by what it does; fingerprints
pkcs11_key       a key that a token never gives out; pkcs11_session finds it, oaep is the padding that some tokens lack
csr              a request for a certificate of ours
certificates     certificates that staff registered: usable now, strong enough, for which uses
possession       proof that an agency holds a certificate's key
chains           paths to configured authorities
revocation       what an authority says of a certificate, and when it counts: revocation_lists, ocsp
freshness        the window of a signed time
wss              WS-Security X.509 signatures over an envelope; security_header reads its structure, wss_signing signs
jws              detached JWS over a body; compact: what it shares with JWE
xml_encryption   XML Encryption of a Body; encrypted_parts reads its structure, recipient_names whose key is meant
jwe              compact JWE around a body; content_key: which key of ours opens, and the one way to fail
permit_statement the signed statement in a permit's QR code
pdf_apart        signatures of a stranger's PDF, read by a child with bounds
secrets          a master key: sealing, derivation, PINs; key_ring: several of them, of which one wraps
dev_ca           a certification authority for development alone
diagnosis/       why a signature failed, for people; lets nothing in

Verification returns what it verified: the elements and bytes that a `Verified...` value holds were read from the
octets that were digested, never from the tree that arrived.
"""
