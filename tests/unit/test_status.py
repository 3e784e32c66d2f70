"""The rate that ``experiments.status`` shows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from experiments.status.command import rate
from experiments.store.cell import Cell
from experiments.store.formats import Record

NOW = datetime(2020, 1, 1, 12, tzinfo=UTC)


def cell(*minutes_ago, seconds=0.0):
    times = enumerate((NOW - timedelta(minutes=ago)).isoformat() for ago in minutes_ago)
    records = {str(n): Record(str(n), "done", "", "", 0, seconds=seconds, at=at) for n, at in times}
    return Cell(Path(), OmegaConf.create(), records, {}, {})


@pytest.mark.parametrize(
    ("minutes_ago", "expected"),
    [
        ((), 0),
        ((4,), 0),  # nobody knows how long the first took
        ((4, 4), 0),  # nor a first batch
        ((4, 4, 3, 3, 2, 2), 2),
        ((30, 2, 1), 1),  # what is long ago does not count
        ((64, 63, 62), 1),  # how long ago the last was is all the same
    ],
)
def test_it_is_that_of_the_last_ten_minutes_of_work(minutes_ago, expected):
    assert rate([cell(*minutes_ago)]) == pytest.approx(expected)


def test_the_time_between_two_runs_does_not_count():
    assert rate([cell(8, 7, 2, 1)]) == pytest.approx(1)
    assert rate([cell(8, 5, 2, seconds=120)]) == pytest.approx(1 / 3)


def test_cells_one_after_the_other_have_the_rate_of_the_run():
    first, second = cell(6, 5, 4), cell(3, 2, 1)
    assert rate([first, None, second]) == pytest.approx(1)


def test_a_batch_that_takes_more_than_ten_minutes_has_a_rate():
    assert rate([cell(30, 30, 15, 15, 0, 0, seconds=450)]) == pytest.approx(2 / 15)
