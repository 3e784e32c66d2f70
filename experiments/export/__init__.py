"""Results in forms that other code reads."""
