"""Cells as other programs show them; the files stay the only store."""
