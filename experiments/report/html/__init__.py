"""The report that a person opens in a browser: one file, no network."""
