"""The methods that Prompt Tuning Inversion is compared with, one per file."""
