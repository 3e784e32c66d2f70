"""Shows how far an experiment is, from its files alone: done, failed, left, rate and time left.

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

from experiments.cell import setting_folder
from experiments.command_line import for_people
from experiments.plan import left, plan
from experiments.records import CELLS, CONFIG, Cell
from experiments.table import Entry, Table, console

RECENT = timedelta(minutes=10)
EVERY = 5.0
"""Seconds between two looks."""


@dataclass(frozen=True)
class State:
    """One cell of a sweep: counts of items, and items a minute lately (0 where none)."""

    name: str
    done: int
    failed: int
    left: int
    rate: float


def states(jobs: Sequence[DictConfig], now: datetime) -> list[State]:
    """That of each cell, its shards together."""
    cells = {(str(setting_folder(cfg)), cfg.cell): cfg for cfg in jobs}
    return [_state(cfg, now) for cfg in cells.values()]


def _state(cfg: DictConfig, now: datetime) -> State:
    name = cfg.cell.strip(",")
    whole = cfg.copy()
    whole.shard = None
    return State(name, *left(whole), _rate(whole, now))


def _rate(cfg: DictConfig, now: datetime) -> float:
    """Items a minute, from the first of the last ten minutes on until now."""
    folder = setting_folder(cfg) / CELLS / cfg.cell.strip(",")
    if not (folder / CONFIG).exists():
        return 0.0
    records = Cell.read(folder).records.values()
    times = [record["at"] for record in records if "at" in record]  # older ones have none
    lately = [at for at in map(datetime.fromisoformat, times) if now - at < RECENT]
    if len(lately) < 2:
        return 0.0
    return len(lately) / max((now - min(lately)).total_seconds() / 60, 1 / 60)


def table_of(found: Sequence[State]) -> Table:
    """A row a cell, and one of all."""
    rate = sum(state.rate for state in found)
    everything = State(
        "all",
        done=sum(state.done for state in found),
        failed=sum(state.failed for state in found),
        left=sum(state.left for state in found),
        rate=rate,
    )
    rows = tuple(
        (
            Entry(state.name),
            Entry(str(state.done)),
            Entry(str(state.failed) if state.failed else "–"),
            Entry(str(state.left) if state.left else "–"),
            Entry(f"{state.rate:.1f}" if state.rate else "–"),
            Entry(_time_left(state)),
        )
        for state in [*found, everything]
    )
    header = ("cell", "done", "failed", "left", "pictures a minute", "time left")
    return Table("Progress, by cell", header, rows, labels=1)


def _time_left(state: State) -> str:
    if not state.left:
        return "–"
    if not state.rate:
        return "not known"
    minutes = state.left / state.rate
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def main() -> None:
    """Show it once, or over and over."""
    words = sys.argv[1:]
    if {"-h", "--help"} & set(words):
        print(__doc__)  # noqa: T201
        return
    jobs = plan([word for word in words if word != "--watch"])
    found = states(jobs, datetime.now(UTC))
    print(console(table_of(found)))  # noqa: T201
    while "--watch" in words and any(state.left for state in found):
        time.sleep(EVERY)
        found = states(jobs, datetime.now(UTC))
        print(f"\x1b[2J\x1b[H{console(table_of(found))}")  # noqa: T201


if __name__ == "__main__":
    for_people(main)
