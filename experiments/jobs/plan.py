"""The jobs of a command line of ``experiments.run``, and what is left to do in each."""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
from experiments.jobs.layouts import check_layout
from experiments.jobs.schema import CONFIGS, fitting_metrics, register
from experiments.jobs.spelling import left_to_jobs, plain, spell_numbers, spelled
from experiments.store.cell import Cell
from experiments.store.fields import INVERSION, flat, strip_masks
from pti.errors import InputError

Composed = Callable[[list[str]], DictConfig]
"""Composes the configuration of one job from its overrides."""


MASKS = ("mask@method.edit.mask", "mask@method.edit.target.mask")
"""Where the mask of an editor is chosen, and that of an editor that is half of a pair."""


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


def plan(overrides: Sequence[str], *, know_device: bool = True) -> list[DictConfig]:
    """The configuration of each of the ``jobs_of`` these overrides."""
    return [job.cfg for job in jobs_of(overrides, know_device=know_device)]


def jobs_of(overrides: Sequence[str], *, know_device: bool = True) -> list[Job]:
    """The jobs of a run with these overrides, in Hydra's order.

    ``know_device`` is that of ``register``. Raises the errors that a run would raise before it
    checks values.
    """
    register(know_device=know_device)
    GlobalHydra.instance().clear()
    given = [one for one in overrides if not one.startswith(("-", "rounds="))]
    own = left_to_jobs(spelled(sweep_shards(given)))
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        parsed = OverridesParser.create().parse_overrides(own)
        single = [o.input_line for o in parsed if not o.is_sweep_override() and o.input_line]
        experiment = compose("run", single, return_hydra_config=True)
        return expand(experiment, own, lambda job: compose("run", job, return_hydra_config=True))


def expand(experiment: DictConfig, given: Sequence[str], composed: Composed) -> list[Job]:
    """The jobs of a sweep, without duplicates: the union of the experiment's grids.

    ``experiment`` is the configuration without the swept fields, ``given`` are the overrides of the
    command, which replace those of the experiment. A field that only some methods of the sweep have
    is left out for the methods that lack it. Where grids name their methods or inversions, those
    of the command select from them. Raises
    ``InputError``, or Hydra's error, where a job can't be composed.
    """
    experiment, given = _of_choices(experiment, given)
    composer = _Composer(composed, {_key(override) for override in given})
    jobs: dict[str, Job] = {}
    for swept in grids_of(experiment):
        kept = [f"{key}={values}" for key, values in swept.items() if key not in composer.given]
        parsed = OverridesParser.create().parse_overrides([*kept, *given])
        for of_job in BasicSweeper.split_arguments(parsed, None)[0]:
            job = composer.job(of_job)
            jobs.setdefault(json.dumps(OmegaConf.to_container(job.cfg), default=str), job)
    known = {_key(override) for job in jobs.values() for override in job.overrides}
    known |= {MASKS[0]} if MASKS[1] in known else set()
    for name, error in composer.lacking.items():
        if name in composer.given - known:
            raise error
    return list(jobs.values())


def _of_choices(experiment: DictConfig, given: Sequence[str]) -> tuple[DictConfig, Sequence[str]]:
    """The experiment with the grids of what the command chooses, and the other words.

    A method that no grid names has a grid without fields, an inversion the fields of the first.
    """
    first: Any = {"method": {}, "inversion": next(iter(experiment.grids), {})}
    chosen, left = experiment.copy(), list(given)
    for name, key in (("method", "method"), ("inversion", INVERSION)):
        words = [_choices(one) for one in left if _key(one) == key]
        named = {one for grid in experiment.grids for one in grid.get(name) or ()}
        if not (words and named):
            continue
        wanted, left = words[-1], [one for one in left if _key(one) != key]
        kept = [
            {**grid, name: [one for one in grid.get(name, wanted) if one in wanted]}
            for grid in chosen.grids
        ]
        kept += [{**first[name], name: [one for one in wanted if one not in named]}]
        chosen.grids = [grid for grid in kept if grid[name]]
    return chosen, left


def _choices(override: str) -> list[str]:
    """The values of a choice; ``left_to_jobs`` has written a single one as a sweep."""
    values = override.partition("=")[2].removeprefix("choice(").removesuffix(")")
    return [value.strip() for value in values.split(",")]


def grids_of(experiment: DictConfig) -> list[dict[str, str]]:
    """The overrides of each grid of an experiment, by key; values between commas are swept.

    A grid may name the methods that it is for, in the place of the experiment's, and give dotted
    fields that no report shows. Raises ``InputError`` for a name that is neither.
    """
    swept: Any = experiment.hydra.sweeper.params or {}
    quick: Any = experiment.debug or {}
    grids: list[dict[str, str]] = []
    for grid in experiment.grids or [{}]:
        places = {**experiment.report.fields, "method": "method", "inversion": INVERSION}
        for name, values in grid.items():
            if name not in places and "." not in name:
                raise InputError(
                    f"grids has {name!r}, which is not in report.fields: name one of "
                    f"{', '.join(map(repr, places))}, or a dotted field"
                )
            if isinstance(values, Mapping) or values in ([], None):
                raise InputError(f"grids has {name}: {values}: give it a value, or a list of them")
        fields = {places.get(name, name): _listed(grid[name]) for name in grid}
        grids.append({**swept, **fields, **quick})
    return grids


def _listed(values: Any) -> str:
    values = values if isinstance(values, Sequence) and not isinstance(values, str) else [values]
    return ",".join(str(plain(one) if isinstance(one, float) else one) for one in values)


def _key(override: str) -> str:
    return override.partition("=")[0].lstrip("+")


def _kept(overrides: Sequence[str], lacked: set[str]) -> tuple[str, ...]:
    """The overrides but those that the method lacks; a pair has its mask a level deeper."""
    own, of_pair = MASKS
    moved = [
        one.replace(own, of_pair, 1) if _key(one) == own and own in lacked else one
        for one in overrides
    ]
    return tuple(one for one in moved if _key(one) not in lacked)


@dataclass
class _Composer:
    """Composes jobs without the fields that their methods lack, and with metrics that suit them.

    ``given`` are the keys that the command sets. ``lacking`` collects the errors of fields that a
    method lacks, by name. A composition takes a tenth of a second, so none is made twice.
    """

    composed: Composed
    given: set[str]
    lacking: dict[str, ConfigCompositionException] = field(default_factory=dict)
    _lacked: defaultdict[tuple[str, ...], set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )
    _jobs: dict[tuple[str, ...], Job] = field(default_factory=dict)
    _metrics: dict[str, Any] = field(default_factory=dict)

    def job(self, overrides: Sequence[str]) -> Job:
        lacked = self._lacked[tuple(filter(_chooses_a_file, overrides))]
        while True:
            kept = _kept(overrides, lacked)
            try:
                return self._jobs.get(kept) or self._compose(kept, lacked)
            except ConfigCompositionException as error:
                name = unknown_field(error) or ""
                place = name.rpartition("@")[2]  # of a part of a method, such as its mask
                if not place.startswith("method.") or name not in map(_key, kept):
                    raise
                self.lacking.setdefault(name, error)
                lacked.add(name)

    def _compose(self, kept: tuple[str, ...], lacked: set[str]) -> Job:
        cfg, overrides = self.composed(list(kept)), list(kept)
        name = fitting_metrics(cfg)
        if cfg.hydra.runtime.choices.metrics == "fitting" and cfg.metrics.name != name:
            overrides.append(f"metrics={name}")
            if name not in self._metrics:
                self._metrics[name] = self.composed(overrides).metrics
            cfg.metrics = self._metrics[name]
        job = Job(overrides, settled(cfg), tuple(sorted(self._left_out(kept, lacked))))
        self._jobs[kept] = job
        return job

    def _left_out(self, kept: tuple[str, ...], lacked: set[str]) -> set[str]:
        own, of_pair = MASKS
        moved = {own} if of_pair in map(_key, kept) else set[str]()
        return (lacked - moved) & self.given


def _chooses_a_file(override: str) -> bool:
    """Whether an override may choose a file of ``configs/``, and so what fields there are."""
    return "." not in _key(override).partition("@")[0]


def settled(composed: DictConfig) -> DictConfig:
    """The configuration that a job will see, from the one that Hydra composed for it.

    Raises ``InputError`` where a value is missing, or the experiment can't be shown.
    """
    HydraConfig.instance().set_config(composed)
    cfg = composed.copy()
    with open_dict(cfg):
        del cfg["hydra"]
    for name, value in flat(cfg).items():
        if value == MISSING:
            raise InputError(f"{name} is not set: add {name}=... to the command")
    spell_numbers(cfg.method)
    strip_masks(cfg.method)
    OmegaConf.resolve(cfg)
    check_layout(cfg.report)
    return cfg


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
