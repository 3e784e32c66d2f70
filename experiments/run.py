"""Runs the cells of an experiment and scores them.

    python -m experiments.run experiment=table2 [model=sd14 data=coco limit=128 batch_size=16]
    python -m experiments.run method=pti data=folder data.path=pictures

A rerun of the same command computes only what is missing.
"""

from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from data.task import Task
from experiments.cache import Store, cached
from experiments.cell import claim, note_run
from experiments.command_line import for_people
from experiments.items import Items
from experiments.progress import announce
from experiments.provenance import peak_memory, provenance
from experiments.records import Cell
from experiments.schema import CONFIGS, register
from experiments.score import score
from pti.diffusion.model import LatentDiffusion
from pti.errors import InputError
from pti.method import Method

register()


def run_cell(cfg: DictConfig) -> None:
    """Compute, record and score what the cell lacks; raises ``InputError`` where items failed."""
    folder = claim(cfg)
    tasks = choose(instantiate(cfg.data.tasks), cfg.limit)
    done = Cell.read(folder).done()
    todo = [task for task in tasks if task.key not in done]
    if todo:
        model = load_model(
            OmegaConf.to_yaml(cfg.model.load, resolve=True), cfg.precision, cfg.device
        )
        about = {"weights": model.digest, **provenance(str(model.device))}
        note_run(folder, about)
        store = Store(Path(cfg.cache))
        method: Method = instantiate(cfg.method)
        Items(cfg, folder, model, method, cached(method.invert, store), store).run(todo)
        note_run(folder, {**about, "peak memory (MiB)": peak_memory(model.device)})
    score(folder)
    records = Cell.read(folder).records
    failed = [records[task.key] for task in tasks if records[task.key]["status"] == "failed"]
    if failed:
        raise InputError(
            f"{len(failed)} of {len(tasks)} items failed in {folder}; the rest is done. The first, "
            f"{failed[0]['key']}: {failed[0]['error']}"
        )


def choose(tasks: Any, limit: int | None) -> list[Task]:
    """The first ``limit`` items; raises ``InputError`` where two share a key."""
    chosen = list(islice(tasks, limit))
    keys = [task.key for task in chosen]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise InputError(f"the data set lists {sorted(twice)[0]!r} more than once: remove one")
    return chosen


@cache
def load_model(load: str, precision: str, device: str) -> LatentDiffusion:
    """One model a process, however many cells it serves; ``load`` is YAML, to be hashable."""
    return instantiate(OmegaConf.create(load), precision=precision, device=device)


@hydra.main(version_base="1.3", config_path=str(CONFIGS), config_name="run")
def job(cfg: DictConfig) -> None:
    """One cell, for Hydra to launch."""
    if HydraConfig.get().mode == RunMode.MULTIRUN:
        announce(HydraConfig.get().job, cfg.cell)
    run_cell(cfg)


if __name__ == "__main__":
    for_people(job)
