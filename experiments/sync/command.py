"""Rebuilds the mirror of an experiment in wandb or tensorboard from its files.

    python -m experiments.sync experiment=table2 log=wandb [model=... data=... results=results]

``experiment=all`` takes every experiment. Each cell is one run, grouped by result set. Cells whose
run is up to date are skipped and changed cells replace their run, so that the command can be
repeated at any time. The mirror lies in ``results/.mirror/<log>``. Runs of wandb are offline;
WANDB_MODE=online sends them.
"""

import sys
from pathlib import Path

from data.progress import bar
from experiments.jobs.command_line import options_of
from experiments.mirror.choose import check_kind, mirror_cell, mirror_of
from experiments.store.formats import TURN
from experiments.store.locks import exclusive
from experiments.store.result_set import ResultSet, all_folders, find_result_sets
from pti.errors import InputError

OPTIONS = ("experiment", "log", "model", "data", "results")


def main() -> None:
    """Run the command."""
    words = sys.argv[1:]
    options = options_of(words, OPTIONS)
    results, kind = Path(options.pop("results", "results")), options.pop("log", "wandb")
    check_kind(kind)
    if "experiment" not in options:
        raise InputError("say which experiment to mirror: experiment=table2, or experiment=all")
    if options["experiment"] == "all":
        result_sets = [ResultSet.read(folder) for folder in all_folders(results)]
    else:
        result_sets = find_result_sets(results, **options)
    cells = [cell.folder for result_set in result_sets for cell in result_set.cells]
    mirror = mirror_of(results, kind)
    shown = 0
    for cell in bar(cells, desc="mirror", unit="cell"):
        with exclusive(cell / TURN):  # a run may be mirroring the cell at this moment
            shown += mirror_cell(cell, kind, mirror)
    print(f"{shown} of {len(cells)} cells were new or had changed: {mirror}")  # noqa: T201
