"""Turning a command line into jobs, and the messages about them."""
