"""Example clients: how an agency's own system would call the hub."""
