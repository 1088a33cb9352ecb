"""Mailboxes: what the hub says to an agency that has no endpoint of its own lies here until the agency comes for it.

    mailbox.collect       gives the agency what lies there, at most so many, the oldest first
    mailbox.acknowledge   the agency says of each item that it took it, or that it refuses it

Both are services that the hub declares, over REST (`POST /rest/<agency>/mailbox/<name>`, profile `jws`) and over SOAP
(`/soap/<agency>/mailbox.<name>`, profile `wss-x509`), under the agreement in force: without an interaction of model
`mailbox` in it they are refused as step 3 of `gateway.exchange.inbound` refuses.

    service.py         what such a service is, and the terms it is used under
    collecting.py      which items leave, sealed as they would have been sent, each an attempt of its delivery
    acknowledging.py   what the agency's word means for deliveries and cases
    lapsing.py         items that were collected and never acknowledged: there again, or a dead letter
    uncovered.py       items that no agreement covers any more: dead letters
    services.py        which there are and where

An item is the message that would have been sent: same payload, same message id however often it is collected, signed
and where that is agreed encrypted as the interaction's transport has it. Whoever collects it moves the delivery's fence
on in the plan of their own exchange, so no two hold the same item at once.
"""
