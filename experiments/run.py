"""Runs the cells of an experiment and scores them.

    python -m experiments.run experiment=table2 [model=sd14 data=coco limit=128 batch_size=16]
    python -m experiments.run method=pti data=folder data.path=pictures

A rerun of the same command computes only what is missing, also beside a run that goes on. With
``shards=4`` each cell is divided into four jobs, for a launcher to spread.
"""

import json
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig

from data.task import Task
from experiments.cell import cell_folder, claim, code_of_cell, found_cell, note_run
from experiments.command_line import GOES_ON, for_people
from experiments.compute import Computation
from experiments.gpu_lease import leased_device
from experiments.items import Items
from experiments.locks import exclusive
from experiments.mirror import check_kind, mirror_cell, mirror_of
from experiments.plan import choose, take_point
from experiments.provenance import peak_memory, provenance
from experiments.records import TURN, Cell, asked_of, sources_of
from experiments.schema import CONFIGS, Goal, register
from experiments.score import score
from experiments.shards import batches_of, of_shard, sweep_shards
from experiments.spelling import spell_numbers, spelled
from experiments.suites import suite
from experiments.sweep import Sweep
from pti.errors import InputError

register()


@dataclass(frozen=True)
class Ready:
    """A cell that can be run, before anything of it is on the disk.

    ``tasks`` are the items of the cell, ``own`` those of this shard, and ``left`` the batches of
    those that have no picture yet. ``source`` is the data set.
    """

    cfg: DictConfig
    source: Any
    tasks: list[Task]
    own: list[Task]
    left: list[list[Task]]
    computation: Computation

    @classmethod
    def of(cls, cfg: DictConfig) -> "Ready":
        """Raise ``InputError`` for all that can be known before the first picture."""
        for name in ("batch_size", "workers", "limit"):
            if cfg[name] is not None and cfg[name] < 1:
                raise InputError(f"{name}={cfg[name]}: it counts from 1")
        check_kind(cfg.log)
        cell_folder(cfg)
        source = instantiate(cfg.data.tasks)
        tasks = choose(source, cfg.limit)
        check_measurable(cfg, source, tasks)
        batches = of_shard(batches_of(tasks, cfg.batch_size, cfg.workers), cfg.shard)
        own = [task for batch in batches for task in batch]
        cell = found_cell(cfg)
        keys = {task.key for task in (own if cell is None else missing(cell, own))}
        left = [[task for task in batch if task.key in keys] for batch in batches]
        computation = Computation.of(cfg)
        if keys:
            computation.model()
        return cls(cfg, source, tasks, own, list(filter(None, left)), computation)

    def run(self) -> None:
        """Compute, record and score what is left; raises ``InputError`` where items failed."""
        cfg, folder = self.cfg, claim(self.cfg)
        if self.left:
            self._compute(folder)
        with exclusive(folder / TURN):
            score(folder, self.source, Path(cfg.cache))
            mirror_cell(folder, cfg.log, mirror_of(Path(cfg.results), cfg.log))
        records = Cell.read(folder).records
        failed = [records[task.key] for task in self.own if records[task.key]["status"] == "failed"]
        if failed:
            raise InputError(
                f"{len(failed)} of {len(self.own)} items failed in {folder}; the rest is done. The "
                f"first, {failed[0]['key']}: {failed[0]['error']}"
            )

    def _compute(self, folder: Path) -> None:
        """Leave an image and a record of each item, and ``run.json`` of what made them."""
        cfg, model = self.cfg, self.computation.model()
        about = {
            "weights": model.digest,
            "data": chosen_data(self.tasks),
            "code": code_of_cell(cfg),
            **provenance(str(model.device)),
        }
        note_run(folder, about)
        items = Items(cfg, folder, self.computation)
        items.run(self.left)
        own, most = peak_memory(model.device), max(items.peaks, default=0)
        memory = own if cfg.workers == 1 else own + cfg.workers * most
        note_run(folder, {**about, "workers": cfg.workers, "peak memory (MiB)": memory})


def check_measurable(cfg: DictConfig, source: Any, tasks: list[Task]) -> None:
    """Raise ``InputError`` where the pictures, once made, could not be scored."""
    measures = suite(cfg.metrics)
    if measures.network is None:
        measures.check_weights()
        return
    without = next((task.key for task in tasks if task.target_class is None), None)
    if without is not None or not hasattr(source, "references"):
        raise InputError(
            f"metrics={cfg.metrics} compares classes, which data={cfg.data.name} has not: add "
            "metrics=lpips, or metrics=reconstruction, which needs no weights"
        )
    if measures.needs_truth and any(task.counterfactual is None for task in tasks):
        raise InputError(
            f"metrics={cfg.metrics} needs the true edits, which data={cfg.data.name} has not: add "
            "metrics=photographs"
        )
    measures.check_weights()
    for name in sorted({str(task.target_class) for task in tasks}):
        source.references(name)


def missing(cell: Cell, tasks: list[Task]) -> list[Task]:
    """Items without a picture; raises ``InputError`` where a finished one has changed since."""
    done = cell.done()
    edits = cell.config.goal == Goal.edit.name
    for task in tasks:
        if task.key in done and (changed := changes(cell.records[task.key], task, edits=edits)):
            raise InputError(
                f"the {changed[0].replace('_', ' ')} of {task.key} in the data set changed after "
                f"{cell.folder} was made of it: choose another folder with results=..., or delete "
                "that one"
            )
    return [task for task in tasks if task.key not in done]


def changes(record: dict[str, Any], task: Task, *, edits: bool) -> list[str]:
    """Names of what a data set gives now and did not give when the item was made."""
    now = asked_of(task, edits=edits)
    changed = [name for name, value in now.items() if record.get(name, value) != value]
    before = record.get("sources", {})
    try:
        sources = sources_of(task, before)
    except (InputError, OSError):
        return changed  # a picture that was taken away since is not another one
    return changed + [name for name in before if before[name] != sources.get(name)]


def chosen_data(tasks: list[Task]) -> dict[str, Any]:
    """Which items a run is of, and the digest of that list."""
    items = [[task.key, task.caption, task.target] for task in tasks]
    return {"sha256": sha256(json.dumps(items).encode()).hexdigest(), "items": items}


@hydra.main(version_base="1.3", config_path=str(CONFIGS), config_name="run")
def job(cfg: DictConfig) -> None:
    """One cell, for Hydra to launch."""
    take_point(cfg, HydraConfig.get().overrides.task)
    spell_numbers(cfg.method)
    if cfg.cluster.name == "joblib" and cfg.device == "auto":
        cfg.device = leased_device()
    ready, progress = Ready.of(cfg), Sweep.progress
    left = sum(map(len, ready.left))
    if progress:
        progress.begin(HydraConfig.get().job.num, len(ready.own), left)
    ready.run()
    if progress:
        progress.end(left)


def main() -> None:
    """The command: one cell or a sweep, once or in rounds."""
    words = [word for word in sys.argv[1:] if not word.startswith("rounds=")]
    rounds = [word.partition("=")[2] for word in sys.argv[1:] if word not in words]
    if rounds:
        from experiments.rounds import repeat  # it plans runs, and so it imports this module

        repeat(words, rounds[-1])
        return
    if "experiment=search" in words:
        raise InputError(
            "experiment=search is the base of a search's trials, and no run: say python -m "
            "experiments.search"
        )
    sweep = [] if any(word.startswith("-") for word in words) else ["--multirun"]
    sys.argv[1:] = [*spelled(sweep_shards(words)), *sweep]
    Sweep.install()
    job()


if __name__ == "__main__":
    # By its own name, under which a launcher's workers import it, and its resolvers with it.
    from experiments.run import main as main_of_module

    for_people(main_of_module, GOES_ON)
