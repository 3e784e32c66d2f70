"""The jobs of a command line of ``experiments.run``, and what is left to do in each."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import ConfigCompositionException
from hydra.utils import instantiate
from omegaconf import MISSING, DictConfig, OmegaConf, open_dict

from data.task import Task
from experiments.jobs.batches import batches_of, of_shard, sweep_shards
from experiments.jobs.explain import unknown_field
from experiments.jobs.forms import check_forms
from experiments.jobs.layouts import check_layout
from experiments.jobs.schema import CONFIGS, register
from experiments.jobs.spelling import spell_numbers, spelled
from experiments.store.cell import Cell
from experiments.store.fields import flat
from pti.errors import InputError


@dataclass(frozen=True)
class Job:
    """One job of a sweep: its overrides, and the configuration that is composed from them.

    ``left_out`` names the fields that the command sets and the job's method lacks.
    """

    overrides: list[str]
    cfg: DictConfig
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class State:
    """Numbers of a job's items: done, failed, left (without a record), and done but unscored."""

    done: int
    failed: int
    left: int
    unscored: int

    @property
    def whole(self) -> bool:
        """Whether nothing is left to do in the job."""
        return not (self.failed or self.left or self.unscored)


def plan(overrides: Sequence[str]) -> list[DictConfig]:
    """The configuration of each job of a run with these overrides, in Hydra's order.

    Raises the errors that a run would raise for them.
    """
    register()
    GlobalHydra.instance().clear()
    given = [one for one in overrides if not one.startswith(("-", "rounds="))]
    own = spelled(sweep_shards(given))
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        parsed = OverridesParser.create().parse_overrides(own)
        single = [o.input_line for o in parsed if not o.is_sweep_override() and o.input_line]
        swept = compose("run", single, return_hydra_config=True).hydra.sweeper.params or {}
        whole = [*(f"{key}={value}" for key, value in swept.items()), *own]
        jobs = expand(whole, lambda job: compose("run", job, return_hydra_config=True))
    return [job.cfg for job in jobs]


def expand(overrides: Sequence[str], composed: Callable[[list[str]], DictConfig]) -> list[Job]:
    """The jobs of a sweep, without duplicates; ``composed`` composes the configuration of one.

    A field that only some methods of the sweep have is left out for the methods that lack it.
    Raises ``InputError``, or Hydra's error, where a job can't be composed.
    """
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    jobs: dict[str, Job] = {}
    lacking: dict[str, ConfigCompositionException] = {}
    for of_job in BasicSweeper.split_arguments(parsed, None)[0]:
        job = _compose(of_job, composed, lacking)
        asked: Any = OmegaConf.to_container(job.cfg)
        del asked["point"]  # a method that lacks the fields of the points is one job
        jobs.setdefault(json.dumps(asked, default=str), job)
    known = {override.partition("=")[0] for job in jobs.values() for override in job.overrides}
    for name, error in lacking.items():
        if name not in known:
            raise error
    return list(jobs.values())


def _compose(
    overrides: Sequence[str],
    composed: Callable[[list[str]], DictConfig],
    lacking: dict[str, ConfigCompositionException],
) -> Job:
    """Compose a job without the fields that its method lacks; ``lacking`` collects their errors."""
    kept, left_out = list(overrides), list[str]()
    while True:
        try:
            return Job(kept, settled(composed(kept), kept), tuple(left_out))
        except ConfigCompositionException as error:
            name = unknown_field(error) or ""
            fewer = [override for override in kept if override.partition("=")[0] != name]
            if not name.startswith("method.") or len(fewer) == len(kept):
                raise
            lacking.setdefault(name, error)
            left_out.append(name)
            kept = fewer


def settled(composed: DictConfig, job: Sequence[str]) -> DictConfig:
    """The configuration that a job will see, from the one that Hydra composed for it.

    Raises ``InputError`` where a value is missing or has the wrong type.
    """
    HydraConfig.instance().set_config(composed)
    cfg = composed.copy()
    with open_dict(cfg):
        del cfg["hydra"]
    for name, value in flat(cfg).items():
        if value == MISSING:
            raise InputError(f"{name} is not set: add {name}=... to the command")
    take_point(cfg, job)
    spell_numbers(cfg.method)
    OmegaConf.resolve(cfg)
    for path in ("method", "data.tasks", "model.load"):
        check_forms(OmegaConf.select(cfg, path), path)
    check_layout(cfg.report)
    return cfg


def take_point(cfg: DictConfig, overrides: Sequence[str]) -> None:
    """Set the fields of the swept point, as far as the method has them.

    Raises ``InputError`` where the experiment does not list the point, or where the point and one
    of the ``overrides`` set the same field.
    """
    if cfg.point is None:
        return
    if cfg.point not in cfg.points:
        known = ", ".join(cfg.points)
        raise InputError(f"point={cfg.point} is unknown: this experiment has {known or 'none'}")
    given = {override.partition("=")[0].lstrip("+") for override in overrides}
    for path, value in cfg.points[cfg.point].items():
        if path in given:
            raise InputError(f"point={cfg.point} sets {path} too: give one of them")
        if OmegaConf.select(cfg, path) is not None:
            OmegaConf.update(cfg, path, value)


def choose(tasks: Iterable[Task], limit: int | None) -> list[Task]:
    """The first ``limit`` items, or all.

    Raises ``InputError`` where there is none, two share a key, or a key can't name a file.
    """
    chosen = list(islice(tasks, limit))
    if not chosen:
        raise InputError("the data set has no items: correct its settings, data.tasks...")
    for task in chosen:
        try:
            os.fsencode(task.key)
        except UnicodeEncodeError as error:
            raise InputError(
                f"this terminal can't name the files of {task.key!r}: set PYTHONUTF8=1"
            ) from error
    key, times = Counter(task.key for task in chosen).most_common(1)[0]
    if times > 1:
        raise InputError(f"the data set lists {key!r} {times} times: keep one of them")
    return chosen


def name_of(cfg: DictConfig) -> str:
    """The name of a job in messages: its cell, and its shard where it has one."""
    return cfg.cell.strip(",") + (f", shard {cfg.shard}" if cfg.shard else "")


def state_of(cfg: DictConfig, cell: Cell | None) -> State:
    """Count a job's items by state; ``cell`` is None where the cell has not begun."""
    tasks = choose(instantiate(cfg.data.tasks), cfg.limit)
    batches = of_shard(batches_of(tasks, cfg.batch_size, cfg.workers), cfg.shard)
    keys = {task.key for batch in batches for task in batch}
    if cell is None:
        return State(0, 0, len(keys), 0)
    done, tried = keys & cell.done, keys & cell.records.keys()
    return State(len(done), len(tried - done), len(keys - tried), len(done - cell.scores.keys()))
