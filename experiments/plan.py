"""The jobs that a command line of ``experiments.run`` stands for, without running them."""

from collections.abc import Sequence

from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from experiments.cell import setting_folder
from experiments.records import CELLS, CONFIG, Cell
from experiments.run import choose, take_point
from experiments.schema import CONFIGS, register
from experiments.shards import batches_of, of_shard, sweep_shards


def plan(words: Sequence[str]) -> list[DictConfig]:
    """The configuration of each job of a run with these overrides, in Hydra's order.

    Raises Hydra's and OmegaConf's errors for overrides that a run would refuse.
    """
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        overrides = sweep_shards(words)
        sweep = compose("run", [*_single(overrides)], return_hydra_config=True)
        jobs = [overrides]
        if sweep.hydra.mode == RunMode.MULTIRUN or len(_single(overrides)) < len(overrides):
            swept = [f"{key}={value}" for key, value in (sweep.hydra.sweeper.params or {}).items()]
            parsed = OverridesParser.create().parse_overrides([*swept, *overrides])
            jobs = BasicSweeper.split_arguments(parsed, None)[0]
        return [_compose(job) for job in jobs]


def left(cfg: DictConfig) -> tuple[int, int, int]:
    """How many of a job's items are done, have failed, and are left."""
    tasks = choose(instantiate(cfg.data.tasks), cfg.limit)
    batches = of_shard(batches_of(tasks, cfg.batch_size, cfg.workers), cfg.shard)
    keys = {task.key for batch in batches for task in batch}
    folder = setting_folder(cfg) / CELLS / cfg.cell.strip(",")
    if not (folder / CONFIG).exists():
        return 0, 0, len(keys)
    cell = Cell.read(folder)
    done, tried = keys & cell.done(), keys & cell.records.keys()
    return len(done), len(tried - done), len(keys - tried)


def _single(words: Sequence[str]) -> list[str]:
    """Overrides that sweep over nothing."""
    parsed = OverridesParser.create().parse_overrides(list(words))
    pairs = zip(words, parsed, strict=True)
    return [word for word, override in pairs if not override.is_sweep_override()]


def _compose(job: Sequence[str]) -> DictConfig:
    cfg = compose("run", list(job), return_hydra_config=True)
    HydraConfig.instance().set_config(cfg)
    OmegaConf.set_readonly(cfg.hydra, None)
    OmegaConf.set_struct(cfg, False)
    del cfg.hydra
    take_point(cfg, job)
    OmegaConf.resolve(cfg)
    return cfg
