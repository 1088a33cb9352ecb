"""Schema documents: find them, hold documents to them, say every violation, and nothing about whose they are."""
