"""``python -m experiments.report``."""

from experiments.jobs.command_line import for_people
from experiments.report.command import main

for_people(main)
