"""Runs, their files, and the reports made from the files alone."""
