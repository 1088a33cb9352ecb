"""The simulated agencies. Each is a process of its own with its own folder, key and memory.

config.py     the folder and `config.json`             journal.py   what was received and sent, append-only
peer.py       what all peers share: control, faults    courier.py   deliveries in the background, with backoff
documents.py  checks against the agreed schemas        process.py   one peer under uvicorn, until its parent goes
guide.py      README.md, echo.sh and ask.sh of the folder
signed.py     peers that speak our own REST profile    reports.py   late, twice, never, in another order

dukcapil.py dpupr.py bank.py bank_qris.py oss.py sms.py email.py courier_service.py     the agencies
"""
