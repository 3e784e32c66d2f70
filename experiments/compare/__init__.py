"""Compares two cells, paired by item."""
