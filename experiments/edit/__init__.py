"""Edits one picture."""
