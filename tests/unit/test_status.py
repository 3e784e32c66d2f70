"""The rate that ``experiments.status`` shows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from experiments.records import Cell
from experiments.status import rate

NOW = datetime(2020, 1, 1, 12, tzinfo=UTC)


def cell(*minutes_ago):
    records = {
        str(n): {"at": (NOW - timedelta(minutes=ago)).isoformat()}
        for n, ago in enumerate(minutes_ago)
    }
    return Cell(Path(), OmegaConf.create(), records, {}, {})


@pytest.mark.parametrize(
    ("minutes_ago", "expected"),
    [
        ((), 0),
        ((4,), 0),  # nobody knows how long the first took
        ((4, 4), 0),  # nor a first batch
        ((4, 4, 2, 2, 1, 1), 1),
        ((30, 4, 2), 0.25),  # what is long ago does not count
        ((-60, 4, 2), 0.25),  # nor what another clock puts into the future
    ],
)
def test_it_counts_what_followed_the_first_of_the_last_ten_minutes(minutes_ago, expected):
    assert rate(cell(*minutes_ago), NOW) == pytest.approx(expected)
