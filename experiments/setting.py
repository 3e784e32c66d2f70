"""One experiment on one data set with one model, as its folder of results tells it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from experiments.records import RUN, SETTING, Cell, read_cells
from experiments.suggest import closest
from experiments.suites import Suite, suite
from pti.errors import InputError


@dataclass(frozen=True)
class Setting:
    """The cells under ``results/<experiment>/<model>-<data>``."""

    folder: Path
    cells: tuple[Cell, ...]

    @property
    def experiment(self) -> str:
        """The experiment's name."""
        return self.cells[0].config.name

    @property
    def model(self) -> str:
        """The model's name."""
        return self.cells[0].config.model.name

    @property
    def data(self) -> str:
        """The data set's name."""
        return self.cells[0].config.data.name

    @property
    def layout(self) -> str:
        """How the experiment wants to be shown."""
        return self.cells[0].config.report.layout

    @property
    def suite(self) -> Suite:
        """What was measured of its pictures."""
        return suite(self.cells[0].config.metrics)

    @property
    def fields(self) -> dict[str, str]:
        """Swept fields: column name to dotted path in a cell's config."""
        fields: Any = OmegaConf.to_container(self.cells[0].config.report.fields)
        return fields

    def runs(self) -> list[dict[str, Any]]:
        """The provenance of each cell that has begun."""
        paths = [cell.folder / RUN for cell in self.cells]
        return [json.loads(path.read_text("utf-8")) for path in paths if path.exists()]


def find_settings(results: Path, experiment: str, **names: str) -> list[Setting]:
    """The experiment's settings; of those, the ones of the model and data in ``names``.

    Raises ``InputError`` saying what there is, or which command makes it, where there is none.
    """
    folder = results / experiment
    run = f"python -m experiments.run experiment={experiment}"
    if not folder.is_dir():
        known = sorted(path.name for path in results.glob("*") if path.is_dir())
        there = f"There are {', '.join(known)}." if known else "There are none at all yet."
        raise InputError(
            f"{results} has no results of experiment {experiment!r}.{closest(experiment, known)} "
            f"{there} To make them: {run}"
        )
    found = [Setting(path, tuple(read_cells(path))) for path in sorted(folder.iterdir())]
    settings = [setting for setting in found if setting.cells]
    wanted = [s for s in settings if names.items() <= {"model": s.model, "data": s.data}.items()]
    if not wanted:
        given = "".join(f" {key}={value}" for key, value in names.items())
        there = ", ".join(f"model={s.model} data={s.data}" for s in settings) or "none yet"
        raise InputError(
            f"{folder} has no results{' of' * bool(given)}{given}; there are: {there}. To make "
            f"them: {run}{given}"
        )
    return wanted


def all_settings(results: Path) -> list[Setting]:
    """Every setting of every experiment; raises ``InputError`` where there is none."""
    folders = sorted(path.parent for path in results.glob(f"*/*/{SETTING}"))
    found = [Setting(folder, tuple(read_cells(folder))) for folder in folders]
    if not found:
        raise InputError(f"{results} has no results yet: make some with experiments.run")
    return [setting for setting in found if setting.cells]
