"""The straight line, one function a verb."""
