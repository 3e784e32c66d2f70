"""``python -m experiments.edit``."""

from experiments.edit.command import main
from experiments.jobs.command_line import for_people

for_people(main, "nothing was written, and the same command starts anew")
