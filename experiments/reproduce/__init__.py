"""All tables, or all figures, by one command."""
