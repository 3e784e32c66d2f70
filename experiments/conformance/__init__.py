"""Checks what every method must keep."""
