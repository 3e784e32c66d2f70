"""Time left follows from pictures, not from cells."""

import logging
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from experiments.jobs import progress


def jobs(*cells, **fields):
    about = {"name": "e", "model": {"name": "m"}, "data": {"name": "d"}, "results": "r"}
    return [OmegaConf.create({**about, "cell": cell, "shard": None, **fields}) for cell in cells]


@pytest.fixture
def clock(monkeypatch):
    """Seconds that the code sees."""
    now = [0.0]
    monkeypatch.setattr(progress, "monotonic", lambda: now[0])
    return now


def folder(cell):
    return Path("r/e/m-d/cells") / cell


def test_it_counts_what_later_cells_lack(clock, caplog):
    caplog.set_level(logging.INFO)
    there = {folder("a"): 0, folder("b"): 10, folder("c"): 4}
    sweep = progress.Progress(jobs("a", "b", "c"), there)
    sweep.enter(0, 10)
    sweep.begin(0, 10)
    clock[0] = 20.0
    sweep.made(0, 10)
    sweep.enter(1, 0)
    sweep.begin(1, 10)
    sweep.enter(2, 6)
    sweep.begin(2, 10)
    said = [record.message for record in caplog.records]
    assert said == [
        "cell 1 of 3: a",
        *(f"cell {k} (about 12 s left)" for k in ("2 of 3: b", "3 of 3: c")),
    ]


def test_nothing_made_or_left_gives_no_time(clock, caplog):
    caplog.set_level(logging.INFO)
    sweep = progress.Progress(jobs("a", "b"), {folder("a"): 5, folder("b"): 5})
    for number in range(2):
        sweep.enter(number, 0)
        sweep.begin(number, 5)
        clock[0] += 60
    assert [record.message for record in caplog.records] == ["cell 1 of 2: a", "cell 2 of 2: b"]


def test_a_single_cell_needs_no_counting(caplog):
    caplog.set_level(logging.INFO)
    sweep = progress.Progress(jobs("a"), {folder("a"): 0})
    sweep.enter(0, 5)
    sweep.begin(0, 5)
    assert not caplog.records


def test_a_cell_that_waits_for_another_process_counts_what_is_left_alone(clock, caplog):
    caplog.set_level(logging.INFO)
    sweep = progress.Progress(jobs("a", "b"), {folder("a"): 0, folder("b"): 0})
    sweep.enter(0, 4)
    sweep.enter(1, 4)
    sweep.begin(1, 4)
    clock[0] = 8.0
    sweep.made(1, 4)
    sweep.begin(0, 4)
    assert caplog.records[-1].message == "cell 1 of 2: a (about 8 s left)"
    sweep.failed(0)
    sweep.begin(0, 4)
    assert caplog.records[-1].message == "cell 1 of 2: a"
