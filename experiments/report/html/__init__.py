"""Makes the report for a browser: one file that needs no network."""
