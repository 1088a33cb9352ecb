"""What all facts share."""

from __future__ import annotations


class CaseEvent:
    """Base of all facts. Its class name is its stored kind, so a class is never renamed once published."""
