"""``python -m experiments.search``."""

from data.command_line import GOES_ON
from experiments.start import start

start("search", GOES_ON)
