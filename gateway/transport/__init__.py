"""Outbound calls to agencies: what is sent, by when it must be over, and what may be concluded when it fails.

rest.py     the call of a JSON payload
soap.py     the envelope of a SOAP operation, by zeep (zeep_client.py), and its call
http.py     one call over the network, with a total deadline and a bounded reply
errors.py   NotSent (no byte went out) and Unknown (it may have arrived)
"""
