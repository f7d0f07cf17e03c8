"""Cash flows into the numbers a committee reads."""
