"""A gigabyte of records through a real hub that is killed on the way: `python -m tests.batch.gigabyte`."""
