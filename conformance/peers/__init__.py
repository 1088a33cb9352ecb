"""The simulated agencies. Each is a process of its own with its own folder, key and memory.

config.py     the folder and `config.json`             journal.py   what was received and sent, append-only
peer.py       what all peers share: control, faults    courier.py   deliveries in the background, with backoff
documents.py  checks against the agreed schemas        process.py   one peer under uvicorn, until its parent goes
guide.py      README.md, echo.sh and ask.sh of the folder
recommendation.py   what city offices share that give technical recommendations: policy, journal, answers in order
recommendation_rest.py recommendation_soap.py          the same over REST with JWS, and over SOAP 1.1 or 1.2
dpupr.py horizontal.py                                 the city offices: what each is asked and answers
signed.py           others that speak our own REST profile
reports.py          reports late, twice, never, in another order
reconciling.py      the list of what was exchanged, sent for reconciliation on order
dukcapil.py djp.py bank.py bank_qris.py oss.py sms.py bsre.py email.py courier_service.py    the other agencies
agreed/             any other agency, from its adapter, its agreement and the examples of its schemas
"""
