"""Model kinds, found by walking this folder."""
