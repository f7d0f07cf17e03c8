"""Customer history into a person-period table."""
