"""One job from its configuration to its scores: checks, computation, scores, mirror."""

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig

from data.task import Benchmark, Task
from experiments.jobs.batches import batches_of, of_shard
from experiments.jobs.plan import choose
from experiments.jobs.schema import Goal
from experiments.mirror.choose import check_kind, mirror_cell, mirror_of
from experiments.run.compute import Computation
from experiments.run.imported import Imported
from experiments.run.line import InLine, Line, Watcher
from experiments.run.runner import Runner
from experiments.score.measurable import measurable
from experiments.score.metric_set import MetricSet
from experiments.score.score import score
from experiments.store.atomic import write_json
from experiments.store.cell import Cell, asked_of, sources_of
from experiments.store.formats import METRICS, TURN, Record, RunInfo
from experiments.store.locks import exclusive
from experiments.store.open import cell_folder, code_of_cell, existing_cell, note_run, open_cell
from experiments.store.provenance import peak_memory, provenance
from pti.diffusion.load import torch_device
from pti.diffusion.reproducible import make_reproducible
from pti.errors import InputError


@dataclass(frozen=True)
class Ready:
    """A job that has passed its checks; nothing has been written for it yet.

    ``source`` is the data set. ``tasks`` are the items of the cell, ``own`` those of this shard,
    and ``left`` the batches of those that have no result yet. ``metrics`` measure the results.
    """

    cfg: DictConfig
    source: Benchmark
    tasks: list[Task]
    own: list[Task]
    left: list[list[Task]]
    computation: Computation
    metrics: MetricSet

    @classmethod
    def of(cls, cfg: DictConfig) -> "Ready":
        """Check a job; raises ``InputError`` where it can't run, before the first picture."""
        for name in ("batch_size", "workers", "limit"):
            if cfg[name] is not None and cfg[name] < 1:
                raise InputError(f"{name}={cfg[name]}: it counts from 1")
        check_kind(cfg.log)
        if torch_device(cfg.device).type == "cuda":  # also to score alone, when no model is loaded
            make_reproducible()
        cell_folder(cfg)
        source = instantiate(cfg.data.tasks)
        method, tasks = instantiate(cfg.method), choose(source, cfg.limit)
        if isinstance(method, Imported):
            tasks = method.found(source, tasks)
        metrics = measurable(MetricSet.of(cfg.metrics), cfg.data.name, source, tasks)
        batches = of_shard(batches_of(tasks, cfg.batch_size, cfg.workers), cfg.shard)
        own = [task for batch in batches for task in batch]
        cell = existing_cell(cfg)
        keys = {task.key for task in (own if cell is None else missing(cell, own))}
        left = [[task for task in batch if task.key in keys] for batch in batches]
        computation = Computation.of(cfg)
        if keys:
            _check_workers(cfg)
            side = computation.model().side
            if isinstance(method, Imported):
                method.check([task for batch in left for task in batch], side)
        return cls(cfg, source, tasks, own, list(filter(None, left)), computation, metrics)

    def run(self) -> None:
        """Compute, score and mirror what is left; raises ``InputError`` where items failed."""
        with Line() as line:
            self.enter(line, Watcher())
            line.finish()
        self.finish()

    def enter(self, line: Line, watcher: Watcher) -> None:
        """Have the line make the pictures that are left, if any."""
        cell = open_cell(self.cfg)
        folder = cell.folder
        write_json(folder / METRICS, self.metrics.beside(cell.scores.values()).written())
        if not self.left:
            watcher.come()
            watcher.over()
            return
        cfg, model = self.cfg, self.computation.model()
        about = RunInfo(
            model.digest,
            chosen_data(self.tasks),
            code_of_cell(cfg),
            **provenance(str(model.device)),
        )
        note_run(folder, about)
        runner = Runner(cfg, folder, self.computation, self.left, line.beside)

        def note() -> None:
            own, most = peak_memory(model.device), max(runner.peaks, default=0)
            memory = own if cfg.workers == 1 else own + cfg.workers * most
            note_run(folder, replace(about, workers=cfg.workers, peak_memory=memory))

        line.add(InLine(runner, watcher, note))

    def finish(self) -> None:
        """Score and mirror what is there; raises ``InputError`` where items failed."""
        cfg, folder = self.cfg, cell_folder(self.cfg)
        with exclusive(folder / TURN):
            score(folder, self.metrics, self.source, Path(cfg.cache), torch_device(cfg.device))
            mirror_cell(folder, cfg.log, mirror_of(Path(cfg.results), cfg.log))
        records = Cell.read(folder).records
        failed = [records[task.key] for task in self.own if not records[task.key].done]
        if failed:
            raise InputError(
                f"{len(failed)} of {len(self.own)} items failed in {folder}; the rest is done. The "
                f"first, {failed[0].key}: {failed[0].error}"
            )


def _check_workers(cfg: DictConfig) -> None:
    if cfg.workers > 1 and torch_device(cfg.device).type == "cuda":
        raise InputError(
            f"workers={cfg.workers} would wait for one another on one GPU: leave workers=1; "
            "cluster=joblib spreads cells over several GPUs"
        )


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
    # A region that was added would leave the scores of what is done without it.
    names = [*before, *(["region"] if edits and "region" not in before else [])]
    try:
        sources = sources_of(task, names)
    except (InputError, OSError):
        return changed  # a picture that is gone is not a changed one
    return changed + [name for name in names if before.get(name) != sources.get(name)]


def chosen_data(tasks: list[Task]) -> dict[str, Any]:
    """The ``data`` of a ``RunInfo``: key, caption and target of each item, and their digest."""
    items = [[task.key, task.caption, task.target] for task in tasks]
    return {"sha256": sha256(json.dumps(items).encode()).hexdigest(), "items": items}
