"""The office API: what officers do to a case, for the office's own pages and for the demo."""
