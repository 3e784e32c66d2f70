"""What the cache holds, and clearing it."""
