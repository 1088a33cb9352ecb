"""The store: tables, plans, the one place that commits, reads, and migrations. Nothing here knows what a permit is."""
