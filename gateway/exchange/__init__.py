"""The hub: messages in, deliveries out, each a readable list of steps.

    directory.py   who may say what: adapters, agreements, certificates and secrets as they stand now
    wire.py        how an interaction's bytes are read and written (implemented by `gateway.edge`)
    inbound.py     the way of a message from an agency
    outbound.py    the way of a delivery to an agency
    records.py     what both leave behind: exchange rows, exact bytes, leaves

Nothing here knows an HTTP status or a SOAP fault of ours.
"""
