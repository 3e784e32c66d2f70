"""Benchmarks: each data set is one file that yields tasks."""
