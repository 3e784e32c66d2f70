"""The embedded world: rendered scenes with known counterfactuals, and a model of them."""
