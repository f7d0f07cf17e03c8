"""Estimators: arrays in, fitted values out, no files."""
