"""Data sets: each is one module, whose items are of class ``Task``."""
