"""Prompt Tuning Inversion (Dong et al., 2023, arXiv:2305.04441) and the core all methods share."""
