"""The end of keeping (`keep_for` of agreements): bodies go, and what proves that there was an exchange stays.

terms     how long what was said under an agreement is kept
judging   whether anything still needs an exchange's bodies
running   one day's run, in portions that may end anywhere; the keys of days that hold nothing any more
holds     what staff keep for evidence
night     the run within the hub, in the quiet hours
watching  runs that do not come to their end are told

What goes: parts, what was asked and sent in a delivery (or lay in a mailbox), bytes and records of files. What stays:
the exchange row with its message id, keyed digest and verdict (a message that comes again is known for as long),
leaves and receipts, attempts and their times, and the case with its facts and documents, which no agreement rules.
"""
