"""Attacks on a hub that runs as it would in the office, and what they cost it."""
