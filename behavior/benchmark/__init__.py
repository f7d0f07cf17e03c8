"""The harness: protocols, baselines, scores."""
