"""Searches a method's hyperparameters on the dev split, with Optuna.

    python -m experiments.search [trials=20] [space=FILE] [objective=METRIC] [method=pti ...]

``space`` is a YAML file like ``experiments/search/search.yaml``, the default: dotted fields with
bounds (``low``, ``high``, ``log``) or ``choices``, and the objective. The remaining overrides are
those of ``experiments.run``. The study is kept in ``results/search/.../study.db``: the same command
resumes it until there are ``trials`` trials, and several processes may work on it at once. Each
trial is an ordinary cell. Writes the best values as a method's YAML, and a table and a plot of the
trials.
"""

import json
import math
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import matplotlib as mpl
import optuna
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter
from omegaconf import DictConfig, OmegaConf
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, Trial, TrialState
from pandas import DataFrame

from data.command_line import closest
from eval.quantity import Quantity
from experiments.jobs.plan import plan
from experiments.report.figures import STYLE, UNDATED
from experiments.report.lettering import make_legible
from experiments.report.summary import scores_of
from experiments.run.ready import Ready
from experiments.score.metric_set import MetricSet
from experiments.store.atomic import write_aside, write_text
from experiments.store.cell import Cell
from experiments.store.formats import CELLS, TURN
from experiments.store.locks import exclusive
from experiments.store.open import result_set_folder
from pti.errors import InputError

DEFAULT = Path(__file__).parent / "search.yaml"
HEARTBEAT = 30
"""Seconds between heartbeats of a running trial; after twice as long without one, any process may
retry it."""


@dataclass(frozen=True)
class Search:
    """The objective, the searched fields, the overrides of every trial, and the number of trials.

    ``space`` maps dotted fields to ``low``, ``high`` and ``log``, or to ``choices``.
    """

    objective: str
    space: dict[str, dict[str, Any]]
    overrides: tuple[str, ...]
    trials: int

    @property
    def base(self) -> DictConfig:
        """The configuration that trials vary.

        Raises ``InputError`` for data without a dev split and for fields that the method lacks.
        """
        cfg = plan(["experiment=search", *self.overrides])[0]
        if "dev" not in str(cfg.data.tasks.get("split", "")):
            raise InputError(
                f"data={cfg.data.name} is no dev split: nothing is chosen on what is reported. Say "
                "data=scenes_edit_dev, or another set with a dev split"
            )
        for path in self.space:
            if OmegaConf.select(cfg, path) is None:
                raise InputError(f"method={cfg.method.name} has no {path}: leave it out of space")
        return cfg

    def quantity(self, cfg: DictConfig) -> Quantity:
        """The metric of the objective; raises ``InputError`` where the metric set lacks it."""
        known = {one.id: one for one in MetricSet.of(cfg.metrics).measures.pictures}
        if self.objective not in known:
            raise InputError(
                f"objective={self.objective} is not measured of {cfg.data.name}."
                f"{closest(self.objective, known)} There are {', '.join(known)}"
            )
        return known[self.objective]

    def suggest(self, trial: Trial) -> dict[str, Any]:
        """The values that the study tries next, by dotted field."""
        return {
            path: trial.suggest_categorical(path, how["choices"])
            if "choices" in how
            else trial.suggest_float(path, how["low"], how["high"], log=how.get("log", False))
            for path, how in self.space.items()
        }

    def __call__(self, trial: Trial) -> float:
        """Run one trial's cell and return the mean of the objective over its items.

        Raises ``TrialPruned`` where the objective is undefined for an item.
        """
        values = self.suggest(trial)
        given = [f"{path}={value}" for path, value in values.items()]
        cell = ",".join(f"{path.rpartition('.')[2]}={v}" for path, v in values.items())
        (cfg,) = plan(["experiment=search", *self.overrides, *given, f"cell='{cell}'"])
        Ready.of(cfg).run()
        made = Cell.read(result_set_folder(cfg) / CELLS / cell)
        mean = float(scores_of(made, self.objective).mean(skipna=False))
        if not math.isfinite(mean):
            raise optuna.TrialPruned(f"{self.objective} is undefined for some picture")
        return mean

    def study_name(self) -> str:
        """A name that differs where the space or any fixed field that affects results differs."""
        kept = ["model", "data", "method", "goal", "limit", "seed", "precision", "batch_size"]
        base = OmegaConf.to_container(OmegaConf.masked_copy(self.base, kept), resolve=True)
        content = json.dumps([base, dict(self.space)], sort_keys=True, default=str)
        digest = sha256(content.encode()).hexdigest()[:8]
        return f"{self.objective} over {', '.join(self.space)} ({digest})"


def open_study(search: Search, folder: Path, quantity: Quantity) -> optuna.Study:
    """The study in ``folder``; it is created where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    # Two processes that create the tables of one new database at once would fail.
    with exclusive(folder / TURN):
        storage = RDBStorage(
            f"sqlite:///{folder / 'study.db'}",
            engine_kwargs={"connect_args": {"timeout": 60}},
            heartbeat_interval=HEARTBEAT,
            heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=3),
        )
        return optuna.create_study(
            storage=storage,
            study_name=search.study_name(),
            direction="maximize" if quantity.higher_is_better else "minimize",
            load_if_exists=True,
        )


def optimise(study: optuna.Study, search: Search) -> None:
    """Run trials until the study has ``search.trials`` finished ones."""
    over = (TrialState.COMPLETE, TrialState.PRUNED)
    while (done := len(study.get_trials(deepcopy=False, states=over))) < search.trials:
        print(f"trial {done + 1} of {search.trials}", file=sys.stderr)  # noqa: T201
        # Seeded by the trial's number, so that a resumed study repeats an uninterrupted one.
        study.sampler = optuna.samplers.TPESampler(seed=len(study.get_trials(deepcopy=False)))
        study.optimize(search, n_trials=1)


def finished(study: optuna.Study) -> int:
    """The number of trials with a value."""
    return len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))


def write(study: optuna.Study, search: Search, folder: Path, cfg: DictConfig) -> None:
    """Write the best values as a method's YAML, the trials as a table, and their plot."""
    best = OmegaConf.create({"method": OmegaConf.to_container(cfg.method)})
    for path, value in study.best_params.items():
        OmegaConf.update(best, path, value)
    head = f"# {study.best_value:.4f} {search.objective}, the best of {finished(study)} trials.\n"
    write_text(folder / f"{cfg.method.name}_best.yaml", head + OmegaConf.to_yaml(best.method))
    trials = study.get_trials(states=(TrialState.COMPLETE,))
    rows = [{"trial": t.number, **t.params, search.objective: t.value} for t in trials]
    write_text(folder / "trials.csv", DataFrame(rows).to_csv(index=False))
    with mpl.rc_context(STYLE):
        figure = _draw(trials, search, study.best_trial.number)
        make_legible(figure)
        for suffix, metadata in UNDATED.items():
            write_aside(
                (folder / "trials").with_suffix(suffix),
                lambda aside, metadata=metadata: figure.savefig(aside, metadata=metadata),
            )


def _draw(trials: Sequence[FrozenTrial], search: Search, best: int) -> Figure:
    """Plot the objective over the trial numbers and over each searched field."""
    panels = ["trial", *search.space]
    figure = Figure(figsize=(3.1 * len(panels), 2.9), layout="constrained")
    grid: Any = figure.subplots(1, len(panels), sharey=True, squeeze=False)
    values = [trial.value for trial in trials]
    for axes, name in zip(grid[0], panels, strict=True):
        where = [t.number if name == "trial" else t.params[name] for t in trials]
        marks = ["#D55E00" if t.number == best else "#0072B2" for t in trials]
        axes.scatter(where, values, c=marks, s=18)
        axes.set_xlabel(name)
        if search.space.get(name, {}).get("log"):
            axes.set_xscale("log")
            # Matplotlib's default labels are formulae, which STYLE turns off.
            axes.xaxis.set_major_formatter(LogFormatter())
            axes.xaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.4)))
    grid[0][0].set_ylabel(search.objective)
    figure.suptitle(f"{len(trials)} trials; the best in orange", fontsize=9, x=0.01, ha="left")
    return figure


def read_search(overrides: Sequence[str]) -> Search:
    """The search that the overrides and the file of the space describe.

    Raises ``InputError`` for a missing file and for a number of trials below 1.
    """
    pairs = (override.partition("=") for override in overrides)
    given: dict[str, str] = {key: value for key, _, value in pairs}
    path, trials = Path(given.pop("space", DEFAULT)), given.pop("trials", "20")
    if not path.is_file():
        raise InputError(f"space={path} is no file: write one like {DEFAULT.name}, see --help")
    if not trials.isdecimal() or int(trials) < 1:
        raise InputError(f"trials={trials}: it counts from 1")
    file: Any = OmegaConf.to_container(OmegaConf.load(path))
    objective = given.pop("objective", file["objective"])
    rest = tuple(f"{key}={value}" for key, value in given.items())
    return Search(objective, file["space"], rest, int(trials))


def main() -> None:
    """Run the command."""
    overrides = sys.argv[1:]
    # Optuna has marked heartbeats as experimental for years.
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search = read_search(overrides)
    cfg = search.base
    quantity, folder = search.quantity(cfg), result_set_folder(cfg)
    study = open_study(search, folder, quantity)
    optimise(study, search)
    write(study, search, folder, cfg)
    best = ", ".join(
        f"{path}={value:.4g}" if isinstance(value, float) else f"{path}={value}"
        for path, value in study.best_params.items()
    )
    mean = study.best_value if math.isfinite(study.best_value) else math.nan
    print(  # noqa: T201
        f"The best of {finished(study)} trials: {best}: {mean:.3f} {quantity.unit} "
        f"{search.objective}. As a method: {folder / f'{cfg.method.name}_best.yaml'}"
    )
