"""The cells of one experiment on one model and data set, as read from their folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from data.command_line import closest
from experiments.store.cell import Cell, read_cells
from experiments.store.formats import SETTING, RunInfo
from pti.errors import InputError


@dataclass(frozen=True)
class ResultSet:
    """The cells under ``results/<experiment>/<model>-<data>``.

    ``cells`` have at least one record. ``empty`` have none: their run stopped before its first
    picture, or has just begun.
    """

    folder: Path
    cells: tuple[Cell, ...]
    empty: tuple[Cell, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> "ResultSet":
        """Read all cells of a folder."""
        cells = read_cells(folder)
        made = tuple(cell for cell in cells if cell.records)
        return cls(folder, made, tuple(cell for cell in cells if not cell.records))

    @property
    def names(self) -> dict[str, str]:
        """The names of its model and data set, by ``model`` and ``data``."""
        config = (*self.cells, *self.empty)[0].config
        return {"model": config.model.name, "data": config.data.name}

    def check(self) -> None:
        """Raise ``InputError`` where no cell has a record: a report would show n = 0."""
        if not self.cells:
            raise InputError(
                f"{self.folder} has no record of any picture: run its experiment again, or delete "
                "that folder"
            )

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
    def layout(self) -> DictConfig:
        """How the experiment is shown: ``configs/layout/``, as its cells have it."""
        report = self.cells[0].config.report
        if "tables" not in report:
            raise InputError(
                f"{self.folder} has an older form of layout: run its experiment again with a "
                "different results=..., or report it with the version that made it"
            )
        return report

    @property
    def fields(self) -> dict[str, str]:
        """Swept fields: column name to dotted path in a cell's configuration."""
        fields: Any = OmegaConf.to_container(self.layout.fields)
        return fields

    def runs(self) -> dict[str, RunInfo]:
        """The ``run.json`` of each cell by its folder's name; cells without one are left out."""
        runs = {cell.folder.name: cell.run for cell in self.cells}
        return {name: run for name, run in runs.items() if run is not None}


def find_result_sets(results: Path, experiment: str, **names: str) -> list[ResultSet]:
    """The experiment's result sets, or those with the ``model`` and ``data`` that ``names`` gives.

    Raises ``InputError`` where there is none, saying what there is and which command makes it.
    """
    folder = results / experiment
    run = f"python -m experiments.run experiment={experiment}"
    if not folder.is_dir():
        known = sorted(path.name for path in results.glob("[!.]*") if path.is_dir())
        there = f"There are {', '.join(known)}." if known else "There are none at all yet."
        raise InputError(
            f"{results} has no results of experiment {experiment!r}.{closest(experiment, known)} "
            f"{there} To make them: {run}"
        )
    found = [ResultSet.read(path) for path in sorted(folder.iterdir())]
    result_sets = [result_set for result_set in found if result_set.cells or result_set.empty]
    wanted = [result_set for result_set in result_sets if names.items() <= result_set.names.items()]
    if not wanted:
        given = "".join(f" {key}={value}" for key, value in names.items())
        known = (f"model={s.names['model']} data={s.names['data']}" for s in result_sets)
        there = ", ".join(known) or "none yet"
        raise InputError(
            f"{folder} has no results{' of' * bool(given)}{given}; there are: {there}. To make "
            f"them: {run}{given}"
        )
    return wanted


def find_result_set(results: Path, experiment: str, **names: str) -> ResultSet:
    """The only one of ``find_result_sets``, which has records.

    Raises ``InputError`` where there are several, or none with a record.
    """
    first, *more = find_result_sets(results, experiment, **names)
    if more:
        there = ", ".join(
            f"model={s.names['model']} data={s.names['data']}" for s in (first, *more)
        )
        raise InputError(f"{experiment} was run on several: say which of {there}")
    first.check()
    return first


def all_folders(results: Path) -> list[Path]:
    """The folders of all result sets; raises ``InputError`` where there is none."""
    folders = sorted(path.parent for path in results.glob(f"*/*/{SETTING}"))
    if not folders:
        raise InputError(f"{results} has no results yet: make some with experiments.run")
    return folders
