"""Meta-services: what every agency with an adapter may ask the hub about the exchange itself.

    meta.echo         does my connection work: certificate, signature, clock, agreement?
    meta.allowed      which interactions are agreed and in force, where, and within which limits?
    meta.agreements   how do my agreements stand?
    meta.status       what became of a message, of mine or to me?
    meta.receipt      the proof that an exchange of mine is in the ledger
    meta.documents    which documents describe my exchanges, and have they changed?

Each is an inquiry that the hub declares, over REST (`POST /rest/<agency>/meta/<name>`, profile `jws`) and over SOAP
(`/soap/<agency>/meta.<name>`, profile `wss-x509`), with a schema of ours under `schemas/simojo/`. It goes the way of
every message and differs in one step: no agreement is needed, since an agency has to be able to test and to ask
before one is active. An agency is told about itself and nobody else.
"""
