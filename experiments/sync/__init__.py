"""Rebuilds mirrors from the files."""
