"""Collects the results of a repository on one page."""
