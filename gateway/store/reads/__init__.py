"""What the rest asks of the store, by theme. `gateway.store.reading.Reader` has all of it."""
