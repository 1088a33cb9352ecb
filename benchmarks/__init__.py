"""How fast the hub is on the machine at hand, beside its floor and the obvious program. `make bench` runs it.

docs/performance.md says what each figure means and how it is taken; no test depends on one.

choice.py      which parts are measured, from arguments and BENCH_*;  run.py one step after the other
machine.py     what it runs on; processes, their memory and their share of the processor;  postgres.py a real server
agency/        an agency of the bench's own: adapter, schemas, agreement
documents.py   its documents of 2 KB and 100 KB;  parties.py its keys and the hub's
messages.py    signed messages, made before the clock starts;  soap_signing.py the same over SOAP
load.py        16 connections that send them;  ceiling.py what they could send at most
measure.py     one measurement;  checking.py whether a sample of the answers is good
floor.py  reference.py  hub.py    the three that are compared, and what belongs to each
stored.py      ten thousand and a million exchanges;  fill.py puts them there
deliveries.py  how fast workers empty a queue
table.py       what is printed, and benchmarks/latest.json;  page.py the same in docs/performance.md
"""
