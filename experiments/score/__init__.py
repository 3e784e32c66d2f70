"""Scoring the results of a cell."""
