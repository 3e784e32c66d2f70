"""One job from its configuration to its scores: checks, computation, scores, mirror."""

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig

from data.task import Benchmark, Task, WithReferences
from experiments.jobs.batches import batches_of, of_shard
from experiments.jobs.plan import choose
from experiments.jobs.schema import Goal
from experiments.mirror.choose import check_kind, mirror_cell, mirror_of
from experiments.run.compute import Computation
from experiments.run.runner import Runner
from experiments.score.metric_sets import suite
from experiments.score.score import score
from experiments.store.cell import Cell, asked_of, sources_of
from experiments.store.formats import TURN, Record, RunInfo
from experiments.store.locks import exclusive
from experiments.store.open import cell_folder, code_of_cell, existing_cell, note_run, open_cell
from experiments.store.provenance import peak_memory, provenance
from pti.errors import InputError


@dataclass(frozen=True)
class Ready:
    """A job that has passed its checks; nothing has been written for it yet.

    ``source`` is the data set. ``tasks`` are the items of the cell, ``own`` those of this shard,
    and ``left`` the batches of those that have no result yet.
    """

    cfg: DictConfig
    source: Benchmark
    tasks: list[Task]
    own: list[Task]
    left: list[list[Task]]
    computation: Computation

    @classmethod
    def of(cls, cfg: DictConfig) -> "Ready":
        """Check a job; raises ``InputError`` where it can't run, before the first picture."""
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
        cell = existing_cell(cfg)
        keys = {task.key for task in (own if cell is None else missing(cell, own))}
        left = [[task for task in batch if task.key in keys] for batch in batches]
        computation = Computation.of(cfg)
        if keys:
            computation.model()
        return cls(cfg, source, tasks, own, list(filter(None, left)), computation)

    def run(self) -> None:
        """Compute, score and mirror what is left; raises ``InputError`` where items failed."""
        cfg, folder = self.cfg, open_cell(self.cfg).folder
        if self.left:
            self._compute(folder)
        with exclusive(folder / TURN):
            score(folder, self.source, Path(cfg.cache))
            mirror_cell(folder, cfg.log, mirror_of(Path(cfg.results), cfg.log))
        records = Cell.read(folder).records
        failed = [records[task.key] for task in self.own if not records[task.key].done]
        if failed:
            raise InputError(
                f"{len(failed)} of {len(self.own)} items failed in {folder}; the rest is done. The "
                f"first, {failed[0].key}: {failed[0].error}"
            )

    def _compute(self, folder: Path) -> None:
        """Write ``run.json``, and an image and a record of each item that is left."""
        cfg, model = self.cfg, self.computation.model()
        about = RunInfo(
            model.digest,
            chosen_data(self.tasks),
            code_of_cell(cfg),
            **provenance(str(model.device)),
        )
        note_run(folder, about)
        runner = Runner(cfg, folder, self.computation)
        runner.run(self.left)
        own, most = peak_memory(model.device), max(runner.peaks, default=0)
        memory = own if cfg.workers == 1 else own + cfg.workers * most
        note_run(folder, replace(about, workers=cfg.workers, peak_memory=memory))


def check_measurable(cfg: DictConfig, source: Benchmark, tasks: list[Task]) -> None:
    """Raise ``InputError`` where the results could not be scored with the cell's suite."""
    measures = suite(cfg.metrics)
    if measures.network is None:
        measures.check_weights()
        return
    without = next((task.key for task in tasks if task.target_class is None), None)
    if without is not None or not isinstance(source, WithReferences):
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
    """Items without a result; raises ``InputError`` where a done one changed in the data set."""
    done = cell.done
    edits = cell.config.goal == Goal.edit.name
    for task in tasks:
        if task.key in done and (changed := changes(cell.records[task.key], task, edits=edits)):
            raise InputError(
                f"the {changed[0].replace('_', ' ')} of {task.key} in the data set changed after "
                f"{cell.folder} was made of it: choose another folder with results=..., or delete "
                "that one"
            )
    return [task for task in tasks if task.key not in done]


def changes(record: Record, task: Task, *, edits: bool) -> list[str]:
    """Names of the prompts and pictures of an item that changed after its record was made."""
    now = asked_of(task, edits=edits)
    changed = [name for name, value in now.items() if getattr(record, name) != value]
    before = record.sources
    try:
        sources = sources_of(task, before)
    except (InputError, OSError):
        return changed  # a picture that is gone is not a changed one
    return changed + [name for name in before if before[name] != sources.get(name)]


def chosen_data(tasks: list[Task]) -> dict[str, Any]:
    """The ``data`` of a ``RunInfo``: key, caption and target of each item, and their digest."""
    items = [[task.key, task.caption, task.target] for task in tasks]
    return {"sha256": sha256(json.dumps(items).encode()).hexdigest(), "items": items}
