"""``python -m experiments.run``."""

from data.command_line import GOES_ON
from experiments.start import start

start("run", GOES_ON)
