"""The world: curves, rate history, scenarios and prescribed shocks."""
