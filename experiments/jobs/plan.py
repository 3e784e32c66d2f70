"""The jobs that a command line of ``experiments.run`` stands for, and what each has left to do."""

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
from experiments.jobs.schema import CONFIGS, register
from experiments.jobs.spelling import spell_numbers, spelled
from experiments.store.cell import Cell
from experiments.store.fields import flat
from pti.errors import InputError


@dataclass(frozen=True)
class Job:
    """One job of a sweep: its overrides, and the configuration that they come to.

    ``left_out`` are fields of the command that its method has not.
    """

    overrides: list[str]
    cfg: DictConfig
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class State:
    """Counts of a job's items: done, failed, without any record; and of those done, unscored."""

    done: int
    failed: int
    left: int
    unscored: int

    @property
    def whole(self) -> bool:
        """Whether a run of the job would find nothing to do."""
        return not (self.failed or self.left or self.unscored)


def plan(overrides: Sequence[str]) -> list[DictConfig]:
    """The configuration of each job of a run with these overrides, in Hydra's order.

    Raises what a run would raise for them.
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
    """The jobs of a sweep, each once; ``composed`` is the configuration that Hydra makes of one.

    A method that lacks a field which a different method of the sweep has goes without it. Raises
    ``InputError``, or what Hydra raises, where a job can't be.
    """
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    jobs: dict[str, Job] = {}
    lacking: dict[str, ConfigCompositionException] = {}
    for of_job in BasicSweeper.split_arguments(parsed, None)[0]:
        job = _compose(of_job, composed, lacking)
        asked: Any = OmegaConf.to_container(job.cfg)
        del asked["point"]  # a method that has none of its fields is the same at all points
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
    """A job of those overrides that its method knows; ``lacking`` takes up those left out."""
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
    """A job's own configuration, as the job will see it, of one that Hydra composed.

    Raises ``InputError`` where a value is missing, or has not the form that its field takes.
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
    return cfg


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
    given = {override.partition("=")[0].lstrip("+") for override in overrides}
    for path, value in cfg.points[cfg.point].items():
        if path in given:
            raise InputError(f"point={cfg.point} sets {path} too: give one of them")
        if OmegaConf.select(cfg, path) is not None:
            OmegaConf.update(cfg, path, value)


def choose(tasks: Iterable[Task], limit: int | None) -> list[Task]:
    """The first ``limit`` items; raises ``InputError`` where there is none, or two share a key."""
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
    """A job in words: its cell, and its shard where it has one."""
    return cfg.cell.strip(",") + (f", shard {cfg.shard}" if cfg.shard else "")


def state_of(cfg: DictConfig, cell: Cell | None) -> State:
    """How far a job is, of which ``cell`` holds the files."""
    tasks = choose(instantiate(cfg.data.tasks), cfg.limit)
    batches = of_shard(batches_of(tasks, cfg.batch_size, cfg.workers), cfg.shard)
    keys = {task.key for batch in batches for task in batch}
    if cell is None:
        return State(0, 0, len(keys), 0)
    done, tried = keys & cell.done, keys & cell.records.keys()
    return State(len(done), len(tried - done), len(keys - tried), len(done - cell.scores.keys()))
