"""``python -m experiments.conformance``."""

from experiments.start import start

start("conformance")
