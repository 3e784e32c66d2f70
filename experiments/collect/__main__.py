"""``python -m experiments.collect``."""

from experiments.start import start

start("collect")
