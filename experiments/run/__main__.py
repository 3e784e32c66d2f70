"""``python -m experiments.run``."""

from experiments.jobs.command_line import GOES_ON, for_people
from experiments.run.command import main

for_people(main, GOES_ON)
