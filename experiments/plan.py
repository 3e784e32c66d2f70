"""The jobs that a command line of ``experiments.run`` stands for, and what each has left to do."""

from collections.abc import Sequence
from dataclasses import dataclass

from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, open_dict

from experiments.records import Cell
from experiments.run import choose, take_point
from experiments.schema import CONFIGS, register
from experiments.shards import batches_of, of_shard, sweep_shards
from experiments.spelling import spell_numbers, spelled


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


def plan(words: Sequence[str]) -> list[DictConfig]:
    """The configuration of each job of a run with these overrides, in Hydra's order.

    Raises what a run would raise for them.
    """
    register()
    GlobalHydra.instance().clear()
    own = [word for word in words if not word.startswith(("-", "rounds="))]
    overrides = spelled(sweep_shards(own))
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        parsed = OverridesParser.create().parse_overrides(overrides)
        single = [o.input_line for o in parsed if not o.is_sweep_override() and o.input_line]
        sweep = compose("run", single, return_hydra_config=True)
        jobs = [overrides]
        if sweep.hydra.mode == RunMode.MULTIRUN or len(single) < len(parsed):
            swept = [f"{key}={value}" for key, value in (sweep.hydra.sweeper.params or {}).items()]
            parsed = OverridesParser.create().parse_overrides([*swept, *overrides])
            jobs = BasicSweeper.split_arguments(parsed, None)[0]
        return [settled(compose("run", list(job), return_hydra_config=True), job) for job in jobs]


def settled(composed: DictConfig, job: Sequence[str]) -> DictConfig:
    """A job's own configuration, as the job will see it, of one that Hydra composed."""
    HydraConfig.instance().set_config(composed)
    cfg = composed.copy()
    with open_dict(cfg):
        del cfg["hydra"]
    take_point(cfg, job)
    spell_numbers(cfg.method)
    OmegaConf.resolve(cfg)
    return cfg


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
    done, tried = keys & cell.done(), keys & cell.records.keys()
    return State(len(done), len(tried - done), len(keys - tried), len(done - cell.scores.keys()))
