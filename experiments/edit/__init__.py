"""Edits one picture with one method, outside any experiment."""
