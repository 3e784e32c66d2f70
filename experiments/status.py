"""Shows how far an experiment is, from its files, whoever runs it: done, failed, left, rate, time.

    python -m experiments.status experiment=table3 [limit=16 shards=4 data=...] [--watch]

Takes the words of ``experiments.run``; ``--watch`` shows it anew every few seconds until nothing
is left. Rates are of the last ten minutes, of all processes that work on a cell together.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from omegaconf import DictConfig

from experiments.cell import found_cell, setting_folder
from experiments.command_line import for_people
from experiments.plan import State, plan, state_of
from experiments.records import Cell
from experiments.table import Entry, Table, console

RECENT = timedelta(minutes=10)
EVERY = 5.0
"""Seconds between two looks."""


@dataclass(frozen=True)
class Progress:
    """One cell of a sweep, or all: counts of items, and items a minute lately (0 where none)."""

    name: str
    state: State
    rate: float


def progress(jobs: Sequence[DictConfig], now: datetime) -> list[Progress]:
    """That of each cell, its shards together, and at last of all."""
    cells = {(str(setting_folder(cfg)), cfg.cell): cfg for cfg in jobs}
    found = [_progress(cfg, now) for cfg in cells.values()]
    states = [one.state for one in found]
    everything = State(
        done=sum(state.done for state in states),
        failed=sum(state.failed for state in states),
        left=sum(state.left for state in states),
        unscored=sum(state.unscored for state in states),
    )
    return [*found, Progress("all", everything, sum(one.rate for one in found))]


def _progress(cfg: DictConfig, now: datetime) -> Progress:
    cell, whole = found_cell(cfg), cfg.copy()
    whole.shard = None
    return Progress(cfg.cell.strip(","), state_of(whole, cell), rate(cell, now))


def rate(cell: Cell | None, now: datetime) -> float:
    """Items a minute: those since the first of the last ten minutes, from its end until now."""
    records = [] if cell is None else cell.records.values()
    times = [record["at"] for record in records if "at" in record]  # older ones have none
    ended = map(datetime.fromisoformat, times)
    lately = [at for at in ended if timedelta(0) <= now - at < RECENT]  # clocks may disagree
    since = [at for at in lately if at > min(lately)]
    return len(since) / ((now - min(lately)).total_seconds() / 60) if since else 0.0


def table_of(found: Sequence[Progress]) -> Table:
    """A row a cell, and one of all."""
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
    if not one.rate:
        return "not known"
    minutes = one.state.left / one.rate
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def main() -> None:
    """Show it once, or over and over."""
    words = sys.argv[1:]
    if {"-h", "--help"} & set(words):
        print(__doc__)  # noqa: T201
        return
    jobs = plan(words)
    found = progress(jobs, datetime.now(UTC))
    print(console(table_of(found)))  # noqa: T201
    while "--watch" in words and found[-1].state.left:
        time.sleep(EVERY)
        found = progress(jobs, datetime.now(UTC))
        print(f"\x1b[2J\x1b[H{console(table_of(found))}")  # noqa: T201


if __name__ == "__main__":
    for_people(main)
