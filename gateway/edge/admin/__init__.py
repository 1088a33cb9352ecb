"""The admin API for integration staff: what is in the hub, and what to do about dead letters."""
