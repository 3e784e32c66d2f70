"""Runs, their result files, and the reports that are made from these files alone."""
