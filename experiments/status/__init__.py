"""Shows how far an experiment is."""
