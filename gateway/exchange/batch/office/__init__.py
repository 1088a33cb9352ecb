"""The office's own file (`to_agency` of `gateway.contract.adapter.Batch`), from the cases it is about to the account.

    beginning    staff have one made; a stopped one goes on
    composing    the record of one case, as it is agreed
    making       portions of cases into the file; those that could not be mapped, when due
    calls        what is said to the agency about a file, and how its answers are read
    line         a call to the agency's endpoint, with its circuit
    announcing   the manifest, signed like any message of ours
    sending      pieces, from the byte that the agency names
    hearing      the agency's signed report, and its result
    applying     portions of the result into cases, each record once; the records that no line names
    ending       the end of it in the ledger; and its stop, which waits for a person
    work         one slice of work at a time

    making --> sealing --> announcing --> sending --> awaiting --> fetching --> applying --> ending
                                             |---> completed
                                             |---> refused    by the agency
                                             |---> broken     not read whole
                                             `---> cancelled  by staff
    any of them --> stopped: a person decides whether it goes on or is cancelled

It is a batch like an agency's (`gateway.exchange.batch`): a row, pieces, a claim that guards every plan. So any process
may die between any two steps. What left twice is harmless: a manifest says the same under the same message id, a piece
begins at a byte that the agency has or has not, and what is asked changes nothing.
"""
