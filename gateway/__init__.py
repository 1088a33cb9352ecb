"""SIMOJO Gateway."""

__version__ = "0.2.0"
