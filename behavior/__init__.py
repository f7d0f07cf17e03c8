"""Behavioural assumptions for bank asset-liability management."""

__version__ = "0.1.0"
