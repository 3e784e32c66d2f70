"""``python -m experiments.cache``."""

from experiments.start import start

start("cache")
