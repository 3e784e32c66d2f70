"""Runs the cells of an experiment."""
