"""Validation checks, one a file."""
