"""Makes tables, figures and verdicts from result files alone."""
