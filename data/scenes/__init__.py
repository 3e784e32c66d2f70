"""Rendered scenes with known counterfactuals, and the embedded model that is trained on them."""
