"""Shows an experiment's progress from its files: done, failed and left items, rate and time left.

    python -m experiments.status experiment=table3 [limit=16 shards=4 data=...] [--watch]

Takes the overrides of ``experiments.run``. ``--watch`` repeats the table every few seconds until
nothing is left. A rate covers the last ten minutes of work of all processes that work on a cell;
the time left assumes the same rate.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from omegaconf import DictConfig

from data.progress import duration
from experiments.jobs.plan import State, plan, state_of
from experiments.store.cell import Cell
from experiments.store.open import existing_cell, result_set_folder
from experiments.table import Entry, Table, console

RECENT = timedelta(minutes=10)
PAUSE = 60.0
"""Seconds; the part of a pause between two batches that exceeds it does not count as work."""
EVERY = 5.0
"""Seconds between two updates."""


@dataclass(frozen=True)
class Progress:
    """Progress of one cell of a sweep, or of all: counts, and items per minute (0 if unknown)."""

    name: str
    state: State
    rate: float


def progress(jobs: Sequence[DictConfig]) -> list[Progress]:
    """The progress of each cell, all shards included, then of all cells together."""
    cells = {(str(result_set_folder(cfg)), cfg.cell): cfg for cfg in jobs}
    there = [existing_cell(cfg) for cfg in cells.values()]
    found = [_progress(*pair) for pair in zip(cells.values(), there, strict=True)]
    states = [one.state for one in found]
    everything = State(
        done=sum(state.done for state in states),
        failed=sum(state.failed for state in states),
        left=sum(state.left for state in states),
        unscored=sum(state.unscored for state in states),
    )
    return [*found, Progress("all", everything, rate(there))]


def _progress(cfg: DictConfig, cell: Cell | None) -> Progress:
    whole = cfg.copy()
    whole.shard = None
    return Progress(cfg.cell.strip(","), state_of(whole, cell), rate([cell]))


def rate(cells: Sequence[Cell | None]) -> float:
    """Items per minute over the last ten minutes of work; 0 where it is unknown.

    The ten minutes end at the newest record, however old it is. The time between two records counts
    up to the duration of the later batch plus ``PAUSE``, so that the time between two runs is left
    out. Where the newest batch took more than ten minutes, the rate is the one of that batch.
    """
    records = [record for cell in cells if cell for record in cell.records.values()]
    spent: dict[datetime, list[float]] = {}
    for record in records:
        spent.setdefault(datetime.fromisoformat(record.at), []).append(record.seconds or 0.0)
    newest = max(spent, default=datetime.min)
    reach = max(RECENT, timedelta(seconds=sum(spent[newest]) + PAUSE)) if spent else RECENT
    times = [at for at in sorted(spent) if newest - at < reach]
    gaps = [
        min((later - earlier).total_seconds(), sum(spent[later]) + PAUSE)
        for earlier, later in pairwise(times)
    ]
    return sum(len(spent[at]) for at in times[1:]) / (sum(gaps) / 60) if gaps else 0.0


def table_of(found: Sequence[Progress]) -> Table:
    """The table of progress, with one row per cell and one for all."""
    rows = tuple(
        (
            Entry(one.name),
            Entry(str(one.state.done)),
            Entry(str(one.state.failed or "–")),
            Entry(str(one.state.left or "–")),
            Entry(str(one.state.unscored or "–")),
            Entry(f"{one.rate:.1f}" if one.rate else "–"),
            Entry(_time_left(one)),
        )
        for one in found
    )
    header = ("cell", "done", "failed", "left", "unscored", "pictures a minute", "time left")
    return Table("Progress, by cell", header, rows, labels=1)


def _time_left(one: Progress) -> str:
    if not one.state.left:
        return "–"
    return duration(60 * one.state.left / one.rate) if one.rate else "not known"


def main() -> None:
    """Print the table once, or repeatedly with ``--watch``."""
    overrides = sys.argv[1:]
    jobs = plan(overrides, know_device=False)
    found = progress(jobs)
    print(console(table_of(found)))  # noqa: T201
    while "--watch" in overrides and found[-1].state.left:
        time.sleep(EVERY)
        found = progress(jobs)
        print(f"\x1b[2J\x1b[H{console(table_of(found))}")  # noqa: T201
