"""An agency that plays whatever its agreement says, for adapters that have no simulation of their own.

agreement.py  the adapter that is installed, its agreement and its schemas
examples.py   what it says: an example of the agreed document, about what it was asked
voices.py     how a message is taken and an answer is written, whichever the transport
soap.py rest.py   the two transports
mailbox.py    an agency without an endpoint: what it collects, and what it says of it
batch.py      a file of records, sent
files.py      files of the office, which it takes and answers
peer.py       the agency
"""
