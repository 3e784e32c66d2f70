"""``python -m experiments.report``."""

from experiments.start import start

start("report")
