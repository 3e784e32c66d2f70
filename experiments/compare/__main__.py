"""``python -m experiments.compare``."""

from experiments.start import start

start("compare")
