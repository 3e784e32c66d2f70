"""Searches a method's hyperparameters."""
