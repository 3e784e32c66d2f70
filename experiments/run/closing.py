"""The summary of a run: new pictures, each cell's main score, and the command of the report."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig

from eval.quantity import Quantity
from experiments.report.summary import scores_of
from experiments.store.cell import Cell
from experiments.store.formats import CELLS, CONFIG, METRICS, SCORES
from experiments.store.open import cell_folder, result_set_folder
from experiments.table import Entry, Table, console


@dataclass(frozen=True)
class Stock:
    """What a cell's folder holds: numbers of pictures and of failed items, bytes of its scores."""

    pictures: int = 0
    failed: int = 0
    score_bytes: int = 0

    @classmethod
    def of(cls, folder: Path) -> "Stock":
        """Count what the folder of a cell holds; all 0 where the cell has not begun."""
        if not (folder / CONFIG).exists():
            return cls()
        cell, scores = Cell.read(folder), folder / SCORES
        failed = sum(not record.done for record in cell.records.values())
        return cls(len(cell.done), failed, scores.stat().st_size if scores.exists() else 0)


def stock_of(jobs: Sequence[DictConfig]) -> dict[Path, Stock]:
    """The stock of each cell of a sweep, by folder."""
    return {folder: Stock.of(folder) for folder in dict.fromkeys(map(cell_folder, jobs))}


def closing(jobs: Sequence[DictConfig], before: Mapping[Path, Stock]) -> str:
    """The summary of a sweep, with its increase over ``before``; empty if all cells are empty."""
    parts: list[str] = []
    for result_set in dict.fromkeys(map(result_set_folder, jobs)):
        of_set = [cfg for cfg in jobs if result_set_folder(cfg) == result_set]
        now = stock_of(of_set)
        if any(stock.pictures or stock.failed for stock in now.values()):
            parts += [_table(before, now), _way(of_set[0], result_set)]
    return "\n".join(parts)


def _table(before: Mapping[Path, Stock], now: Mapping[Path, Stock]) -> str:
    measured = (folder for folder in now if (folder / METRICS).exists())
    main = Cell.read(next(measured)).measures.quantities[0]
    rows = [
        (
            Entry(folder.name),
            Entry(str(stock.pictures - before[folder].pictures)),
            Entry(str(stock.pictures)),
            Entry(str(stock.failed or "–")),
            Entry(_mean(folder, main, stock.pictures) if stock.score_bytes else "–"),
        )
        for folder, stock in now.items()
    ]
    arrow = "↑" if main.higher_is_better else "↓"
    header = ("cell", "new", "pictures", "failed", f"{main.id} {arrow}")
    return console(Table(_caption(before, now), header, tuple(rows), labels=1))


def _caption(before: Mapping[Path, Stock], now: Mapping[Path, Stock]) -> str:
    made = sum(stock.pictures - before[folder].pictures for folder, stock in now.items())
    if made:
        return f"{made} picture{'s' * (made > 1)} made:"
    if any(stock.failed for stock in now.values()):
        return "No picture made:"
    if any(stock.score_bytes != before[folder].score_bytes for folder, stock in now.items()):
        return "No picture was left to make; scores were made anew:"
    return "Nothing was left to do:"


def _mean(folder: Path, main: Quantity, pictures: int) -> str:
    """The mean over the pictures for which it is defined, and their number where it is not all."""
    defined = scores_of(Cell.read(folder), main.id).dropna()
    if not len(defined):
        return "–"
    covers = f" (n = {len(defined)})" if len(defined) < pictures else ""
    return f"{defined.mean():.{main.decimals}f}{covers}"


def _way(cfg: DictConfig, result_set: Path) -> str:
    words = [f"experiment={cfg.name}", *([f"results={cfg.results}"] * (cfg.results != "results"))]
    report = shlex.join(["python", "-m", "experiments.report", *words])
    return f"\nWhere they lie: {result_set / CELLS}\nTo see them compared: {report}\n"
