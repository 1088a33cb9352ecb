"""Meta-services: what every agency with an adapter may ask the hub about the exchange itself.

    meta.echo         does my connection work: certificate, signature, clock, agreement?

Each is an inquiry that the hub declares, over REST (`POST /rest/<agency>/meta/<name>`, profile `jws`) and over SOAP
(`/soap/<agency>/meta.<name>`, profile `wss-x509`), with a schema of ours under `schemas/simojo/`. It goes the way of
every message and differs in one step: no agreement is needed, since an agency has to be able to test and to ask
before one is active. An agency is told about itself and nobody else.
"""
