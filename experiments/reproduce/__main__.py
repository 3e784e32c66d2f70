"""``python -m experiments.reproduce``."""

from data.command_line import GOES_ON
from experiments.start import start

start("reproduce", GOES_ON)
