"""``python -m experiments.sync``."""

from data.command_line import GOES_ON
from experiments.start import start

start("sync", GOES_ON)
