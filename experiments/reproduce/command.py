"""Runs and reports the paper's tables or its figures, or what compares inversions or pairs.

    python -m experiments.reproduce tables [limit=48]
    python -m experiments.reproduce figures [limit=150]
    python -m experiments.reproduce inversions [limit=48]
    python -m experiments.reproduce grid [limit=48]

Further words are overrides of ``experiments.run``, for every experiment; ``workers`` is a process
for each core, or one on a GPU. The same command again computes only what is missing.
"""

import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from logging.config import dictConfig

import yaml
from omegaconf import DictConfig

from data.command_line import closest, say
from experiments.jobs.command_line import sentence_of
from experiments.jobs.plan import jobs_of
from experiments.jobs.schema import CONFIGS
from experiments.report.command import tell
from experiments.run.sweep import run_all, tell_left_out
from experiments.store.open import result_set_folder
from experiments.store.result_set import ResultSet
from pti.diffusion.load import torch_device
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
    "inversions": (
        ("experiment=inversions",),
        ("experiment=inversions_edit",),
        ("experiment=inversions_budget", "limit=24"),
    ),
    "grid": (("experiment=grid",),),
}
"""Overrides of each experiment; Figure 5 is a sheet of 24 edits, and 72 cells take 24 each."""


def main() -> None:
    """Run one suite to its end; raises ``InputError`` where a part of it failed."""
    what, *words = sys.argv[1:] or [""]
    if what not in SUITES:
        raise InputError(
            f"{what!r} is not a suite.{closest(what, SUITES)} Say one of {', '.join(SUITES)}"
        )
    for word in words:
        if word.startswith(("-", "cluster=", "rounds=", "shard")):
            raise InputError(
                f"{word}: give that to python -m experiments.run, an experiment a time"
            )
    _configure_log()
    planned = [(own, jobs_of([_workers(words), *words, *own])) for own in SUITES[what]]
    tell_left_out([job for _, jobs in planned for job in jobs])
    failed = [own for own, jobs in planned if not _run(own, [job.cfg for job in jobs])]
    if failed:
        raise InputError(f"{len(failed)} of {len(planned)} experiments failed, as said above")


def _workers(words: Sequence[str]) -> str:
    """The default: a process for each core, but one for a GPU."""
    device = next((word for word in words if word.startswith("device=")), "device=auto")
    on_gpu = torch_device(device.partition("=")[2]).type == "cuda"
    return f"workers={1 if on_gpu else os.cpu_count()}"


def _configure_log() -> None:
    """As Hydra configures it for a run, without what the libraries of figures say."""
    text = (CONFIGS / "hydra/job_logging/cell.yaml").read_text("utf-8")
    dictConfig(yaml.safe_load(text))
    for library in ("fontTools", "matplotlib"):
        logging.getLogger(library).setLevel(logging.WARNING)


def _run(own: Sequence[str], configs: Sequence[DictConfig]) -> bool:
    """Run and report one experiment; whether all went well."""
    print(f"\n== {' '.join(own)} ==\n", flush=True)  # noqa: T201
    went_well = _tried(lambda: run_all(configs))
    for folder in dict.fromkeys(map(result_set_folder, configs)):
        went_well &= _tried(lambda folder=folder: tell(ResultSet.read(folder)))
    return went_well


def _tried(act: Callable[[], None]) -> bool:
    """Do it, or say what went wrong; the other experiments go on."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 (one experiment does not end the others)
        if (sentence := sentence_of(error)) is None:
            traceback.print_exc()
        else:
            say(sentence)
        return False
    return True
