"""Measures the pictures of a cell."""
