"""The skeleton of an adapter: everything that a new agency needs, complete, so that it passes its checks at once.

choice.py     what is asked for, held to what can be
documents.py  the documents of each model, member by member
examples.py   two examples of each that pass, four or five that are refused
pages.py      choice and documents, written with the files under templates/
writing.py    onto the disk, all of it or nothing
"""
