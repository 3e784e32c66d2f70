"""``python -m experiments.status``."""

from experiments.start import start

start("status")
