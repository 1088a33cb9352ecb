"""What people do to a case: deeds, PINs, papers, timers. Everything they do is a fact in `gateway.casework`."""
