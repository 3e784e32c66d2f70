"""``python -m experiments.edit``."""

from experiments.start import start

start("edit", "nothing was written, and the same command starts anew")
