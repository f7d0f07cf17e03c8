"""Features: one function each, no future in any of them."""
