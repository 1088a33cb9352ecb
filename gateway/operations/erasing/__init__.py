"""The erasure of a person's data (UU 27/2022): ordered by one member of staff, approved by another, done to the end.

    orders.py       proposed, approved, refused: four eyes, and what stands in the way
    obstacles.py    what stands in the way of an erasure
    journal.py      the file beside the database that outlives a restored copy
    losing.py       a journal with lines that cannot be read: no start over it, unless their loss is accepted
    knowing.py      what only the person's values find, while their keys still open: files of records, reasons
    destroying.py   the one commit after which no key opens the person's data
    sweeping.py     what is blanked after it, in bounded steps, and the storage swept
    carrying.py     all of it in order, from wherever it was broken off; and the journal replayed over a restored store
    views.py        what staff see of it
    watching.py     what stands still is told

An erasure, line by line:

    1. approved     a commit: nothing new begins under the dossier
    2. journal      a line in the file, on disk before the next step: from here on there is no way back
       known        what only the person's values find is blanked, while they can still be read
    3. destroyed    a commit: dossier key and case keys emptied, a leaf for each case, case bodies blanked
    4. swept        bodies, challenges, names: bounded steps, each repeatable
    5. done         the storage is swept: SQLite's file rewritten and its WAL cut, PostgreSQL vacuumed
"""
