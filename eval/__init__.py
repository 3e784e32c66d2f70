"""Metrics and statistics: pure functions on tensors and arrays."""
