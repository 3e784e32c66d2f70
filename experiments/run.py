"""Runs the cells of an experiment and scores them.

    python -m experiments.run experiment=table2 [model=sd14 data=coco limit=128 batch_size=16]
    python -m experiments.run method=pti data=folder data.path=pictures

A rerun of the same command computes only what is missing, also beside a run that goes on. With
``shards=4`` each cell is divided into four jobs, for a launcher to spread.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from data.task import Task
from experiments.cell import claim, note_run
from experiments.command_line import for_people
from experiments.compute import Computation
from experiments.gpu_lease import leased_device
from experiments.items import Items
from experiments.locks import exclusive
from experiments.mirror import check_kind, mirror_cell, mirror_of
from experiments.progress import announce
from experiments.provenance import peak_memory, provenance
from experiments.records import TURN, Cell
from experiments.schema import CONFIGS, Goal, register
from experiments.score import score
from experiments.shards import batches_of, of_shard, sweep_shards
from experiments.suites import suite
from pti.errors import InputError

register()


def run_cell(cfg: DictConfig) -> None:
    """Compute, record and score what the cell lacks; raises ``InputError`` where items failed."""
    for name in ("batch_size", "workers", "limit"):
        if cfg[name] is not None and cfg[name] < 1:
            raise InputError(f"{name}={cfg[name]}: it counts from 1")
    check_kind(cfg.log)
    folder = claim(cfg)
    source = instantiate(cfg.data.tasks)
    tasks = choose(source, cfg.limit)
    check_measurable(cfg, source, tasks)
    batches = of_shard(batches_of(tasks, cfg.batch_size, cfg.workers), cfg.shard)
    own = [task for batch in batches for task in batch]
    if todo := missing(Cell.read(folder), own):
        keys = {task.key for task in todo}
        left = [[task for task in batch if task.key in keys] for batch in batches]
        compute(cfg, folder, tasks, list(filter(None, left)))
    with exclusive(folder / TURN):
        score(folder, source, Path(cfg.cache))
        mirror_cell(folder, cfg.log, mirror_of(Path(cfg.results), cfg.log))
    records = Cell.read(folder).records
    failed = [records[task.key] for task in own if records[task.key]["status"] == "failed"]
    if failed:
        raise InputError(
            f"{len(failed)} of {len(own)} items failed in {folder}; the rest is done. The first, "
            f"{failed[0]['key']}: {failed[0]['error']}"
        )


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


def take_point(cfg: DictConfig, overrides: Sequence[str]) -> None:
    """Set what the swept point says, of the fields that this method has.

    Raises ``InputError`` for a point that the experiment does not list, or that sets what one of
    the command line's ``overrides`` sets.
    """
    if cfg.point is None:
        return
    if cfg.point not in cfg.points:
        known = ", ".join(cfg.points)
        raise InputError(f"point={cfg.point} is unknown: this experiment has {known or 'none'}")
    given = {word.partition("=")[0].lstrip("+") for word in overrides}
    for path, value in cfg.points[cfg.point].items():
        if path in given:
            raise InputError(f"point={cfg.point} sets {path} too: give one of them")
        if OmegaConf.select(cfg, path) is not None:
            OmegaConf.update(cfg, path, value)


def choose(tasks: Iterable[Task], limit: int | None) -> list[Task]:
    """The first ``limit`` items; raises ``InputError`` where two share a key."""
    chosen = list(islice(tasks, limit))
    key, times = Counter(task.key for task in chosen).most_common(1)[0]
    if times > 1:
        raise InputError(f"the data set lists {key!r} {times} times: keep one of them")
    return chosen


def missing(cell: Cell, tasks: list[Task]) -> list[Task]:
    """Items without a picture; raises ``InputError`` where a finished one had another caption."""
    done = cell.done()
    for task in tasks:
        record = cell.records.get(task.key, {})
        edits = cell.config.goal == Goal.edit.name
        now = (task.caption, task.target if edits else task.caption)
        if task.key in done and (record["caption"], record["target"]) != now:
            raise InputError(
                f"{cell.folder} made {task.key} of another caption than the data set has now: "
                "choose another folder with results=..., or delete that one"
            )
    return [task for task in tasks if task.key not in done]


def compute(
    cfg: DictConfig, folder: Path, tasks: list[Task], batches: Sequence[list[Task]]
) -> None:
    """Leave an image and a record of each item, and ``run.json`` of what made them."""
    computation = Computation.of(cfg)
    model = computation.model()
    about = {
        "weights": model.digest,
        "data": chosen_data(tasks),
        **provenance(str(model.device)),
    }
    note_run(folder, about)
    items = Items(cfg, folder, computation)
    items.run(batches)
    own, most = peak_memory(model.device), max(items.peaks, default=0)
    memory = own if cfg.workers == 1 else own + cfg.workers * most
    note_run(folder, {**about, "workers": cfg.workers, "peak memory (MiB)": memory})


def chosen_data(tasks: list[Task]) -> dict[str, Any]:
    """Which items a run is of, and the digest of that list."""
    items = [[task.key, task.caption, task.target] for task in tasks]
    return {"sha256": sha256(json.dumps(items).encode()).hexdigest(), "items": items}


@hydra.main(version_base="1.3", config_path=str(CONFIGS), config_name="run")
def job(cfg: DictConfig) -> None:
    """One cell, for Hydra to launch."""
    take_point(cfg, HydraConfig.get().overrides.task)
    if cfg.cluster.name == "joblib" and cfg.device == "auto":
        cfg.device = leased_device()
    announce(HydraConfig.get(), cfg.cell)
    run_cell(cfg)


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
    sys.argv[1:] = sweep_shards(words)
    job()


if __name__ == "__main__":
    # By its own name, under which a launcher's workers import it, and its resolvers with it.
    from experiments.run import main as main_of_module

    for_people(main_of_module)
