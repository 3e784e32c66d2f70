"""Runs and reports all of the paper's tables, or all of its figures, in one process.

    python -m experiments.reproduce tables [limit=16 workers=2]
    python -m experiments.reproduce figures [limit=48 workers=2]

Further words are overrides of ``experiments.run``, for every experiment. The same command again
computes only what is missing.
"""

import logging
import sys
from collections.abc import Callable, Sequence

from omegaconf import DictConfig

from data.command_line import closest, say
from experiments.jobs.command_line import sentence_of
from experiments.jobs.plan import plan
from experiments.report.command import tell
from experiments.run.sweep import run_all
from experiments.store.open import result_set_folder
from experiments.store.result_set import ResultSet
from pti.errors import InputError

SUITES = {
    "tables": (
        ("experiment=table1",),
        ("experiment=table2",),
        ("experiment=table3",),
        ("experiment=table2", "data=photos"),
    ),
    "figures": (
        ("experiment=figure4",),
        ("experiment=figure5", "limit=24"),
        ("experiment=figure6",),
    ),
}
"""Overrides of each experiment; Figure 5 is a sheet of 24 edits."""


def main() -> None:
    """Run one suite to its end; raises ``InputError`` where a part of it failed."""
    what, *words = sys.argv[1:] or [""]
    if what not in SUITES:
        raise InputError(
            f"{what!r} is not a suite.{closest(what, SUITES)} Say {' or '.join(SUITES)}"
        )
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    suites = [(own, plan([*words, *own])) for own in SUITES[what]]
    failed = [own for own, configs in suites if not _run(own, configs)]
    if failed:
        raise InputError(f"{len(failed)} of {len(suites)} experiments failed, as said above")


def _run(own: Sequence[str], configs: Sequence[DictConfig]) -> bool:
    """Run and report one experiment; whether all went well."""
    print(f"\n== {' '.join(own)} ==\n", flush=True)  # noqa: T201
    went_well = _tried(lambda: run_all(configs))
    for folder in dict.fromkeys(map(result_set_folder, configs)):
        went_well &= _tried(lambda folder=folder: tell(ResultSet.read(folder)))
    return went_well


def _tried(act: Callable[[], None]) -> bool:
    """Do it; say why where the user can mend what went wrong."""
    try:
        act()
    except Exception as error:
        if (sentence := sentence_of(error)) is None:
            raise
        say(sentence)
        return False
    return True
