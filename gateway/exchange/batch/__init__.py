"""Files of records (`gateway.contract.adapter.Batch`), from their announcement to the account of every record.

    announcing   a signed manifest becomes a batch that waits for its bytes
    uploads      pieces come, by whoever shows the token; where the file is, its result, its signed report
    pieces       bytes of a file in the store, read and written as a stream
    hands        which batches this process has claimed, and what it has open of each
    work         one slice of work at a time: verify the file, read its records, close
    reading      records from the file into portions; those that were put aside, when due
    records      what one record does
    portions     so many records as one plan, each exactly once
    moves        plans that hold only while the claim does
    results      what is said of each record, and the report of all
    expected     what a file should have named, at its end
    closing      the end of a batch, in the ledger
    cancelling   the end that staff decide
    lines        lines of a result of which staff should know
    aside        what staff decide about records that were put aside
    folder       the watched folder: its rounds, and the results that go there
    taking       one file of it on its way into the store (files: how they are read and written there)
    documents    the hub's own documents about batches, and the states

    uploading --> verifying --> reading --> closing --> completed
        |             |            |           |------> broken      from some byte on it could not be read
        |             |            |           |------> refused     it is not the file that was announced
        `-------------+------------+-----------`------> cancelled   staff decided

Where a batch stands is a row; whoever works on it has claimed it, and every plan is guarded by that claim. So any
process may die between any two plans, and another goes on from the last one.
"""
