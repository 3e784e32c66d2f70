"""Runs the cells of an experiment and scores them.

    python -m experiments.run experiment=table2 [model=sd14 data=coco limit=128 batch_size=16]
    python -m experiments.run method=pti data=folder data.path=pictures

The same command again computes only what is missing, even while the first one still runs. With
``shards=4`` each cell is divided into four jobs, which a launcher can spread over machines.

Values between commas are a sweep. ``python -m experiments list methods`` says what there is to
choose from, and ``--cfg job`` prints the whole configuration.
"""

import sys

import hydra
from omegaconf import DictConfig

from experiments.cluster.gpu_lease import leased_device
from experiments.cluster.rounds import repeat
from experiments.jobs.batches import sweep_shards
from experiments.jobs.schema import CONFIGS, register
from experiments.jobs.spelling import left_to_jobs, spell_numbers, spelled
from experiments.run.ready import Ready
from experiments.run.sweep import Sweep
from pti.errors import InputError

register()


@hydra.main(version_base="1.3", config_path=str(CONFIGS), config_name="run")
def job(cfg: DictConfig) -> None:
    """Run one job where a launcher has taken it; this process's own sweep runs its jobs itself."""
    spell_numbers(cfg.method)
    if cfg.cluster.name == "joblib" and cfg.device == "auto":
        cfg.device = leased_device()
    Ready.of(cfg).run()


def main() -> None:
    """Run one cell or a sweep, once or in rounds."""
    overrides = [override for override in sys.argv[1:] if not override.startswith("rounds=")]
    rounds = [override.partition("=")[2] for override in sys.argv[1:] if override not in overrides]
    if rounds:
        repeat(overrides, rounds[-1])
        return
    if "experiment=search" in overrides:
        raise InputError(
            "experiment=search is the base of a search's trials, and no run: say python -m "
            "experiments.search"
        )
    sweep = [] if any(override.startswith("-") for override in overrides) else ["--multirun"]
    given = spelled(sweep_shards(overrides))
    sys.argv[1:] = [*(left_to_jobs(given) if sweep else given), *sweep]
    Sweep.install()
    job()
