"""How fast the hub is on the machine at hand, beside its floor and the obvious program. `make bench` runs it.

docs/performance.md says what each figure means and how it is taken; no test depends on one.

choice.py      which parts are measured, from arguments and BENCH_*
machine.py     what it runs on; processes, their memory and their share of the processor
agency/        an agency of the bench's own: adapter, schemas, agreement
documents.py   its documents of 2 KB and 100 KB;  parties.py its keys and the hub's
messages.py    signed messages, made before the clock starts;  soap_signing.py the same over SOAP
load.py        16 connections that send them;  checking.py every answer's status, a sample's signature
floor.py  reference_*.py  hub.py    the three that are compared
postgres.py    a real server;  fill.py stores of ten thousand and a million exchanges;  deliveries.py workers
table.py       what is printed, and benchmarks/latest.json
"""
