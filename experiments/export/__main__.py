"""``python -m experiments.export``."""

from experiments.start import start

start("export")
