"""The waist: effects, curves, segments and the assumption set."""
