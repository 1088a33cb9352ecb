"""Everything that a network client can reach: the shapes of SOAP, REST, pages and problems, and nothing of the law.

HTTP statuses and SOAP fault codes exist only here. Below the edge an error says what the caller does next.
"""
