"""SIMOJO Gateway."""

__version__ = "0.3.0"
