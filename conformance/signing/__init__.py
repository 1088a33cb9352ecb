"""Signing and verifying, written a second time and apart from the gateway.

keys.py    a party's key and certificate
soap.py    SOAP envelopes with WS-Addressing, faults, acknowledgements
wss.py     WS-Security X.509 signatures over them
jws.py     detached JWS over REST bodies
snap.py    SNAP BI's two signatures
oss.py     OSS-RBA's token
"""
