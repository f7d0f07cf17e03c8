"""Positions, world and assumptions into cash flows."""
