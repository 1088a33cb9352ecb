"""The migrations in their order. One that was released never changes."""
