"""The folder of results: what its files hold, and how they are read and written."""
