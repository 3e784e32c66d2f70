"""Progress in a file is lines, seldom, and in words."""

import io
import re

import pytest

from data import progress


@pytest.fixture
def clock(monkeypatch):
    """Seconds that tqdm sees."""
    now = [100.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    return now


def test_a_line_every_ten_seconds_and_one_at_the_end(clock):
    file = io.StringIO()
    shown = progress.Lines(total=60, desc="ddim", unit="picture", file=file)
    for _ in range(55):
        clock[0] += 1
        shown.update()
    shown.close()
    lines = file.getvalue().splitlines()
    assert "\r" not in file.getvalue()
    told = re.findall(r"(\d+) of 60 pictures", file.getvalue())
    assert told == ["10", "20", "30", "40", "50", "55"]
    assert lines[0] == "ddim: 10 of 60 pictures, 1.0 a second, 50 s left"


def test_what_is_soon_over_says_nothing(clock):
    file = io.StringIO()
    for _ in progress.Lines(range(9), desc="x", unit="step", file=file):
        clock[0] += 1
    assert not file.getvalue()


def test_without_a_total_there_is_no_time_left(clock):
    file = io.StringIO()
    shown = progress.Lines(desc="x", unit="call", file=file, leave=False)
    clock[0] += 20
    shown.update(40)
    shown.close()
    assert file.getvalue() == "x: 40 calls, 2.0 a second\n"


@pytest.mark.parametrize(
    ("between", "unit", "line"),
    [
        (10, "batch", "x: 1 of 2 batches, 6.0 a minute, 10 s left"),
        (120, "class", "x: 1 of 2 classes, 30.0 an hour, 2 min left"),
    ],
)
def test_what_is_slow_is_told_in_longer_units(clock, between, unit, line):
    file = io.StringIO()
    shown = progress.Lines(total=2, desc="x", unit=unit, file=file)
    clock[0] += between
    shown.update()
    assert file.getvalue() == f"{line}\n"


def test_the_last_line_stands_also_where_no_step_came_after_ten_seconds(clock):
    file = io.StringIO()
    shown = progress.Lines(total=9, unit="cell", file=file, initial=4, leave=False)
    clock[0] += 8
    shown.update(4)
    clock[0] += 8
    shown.close()
    assert file.getvalue() == "8 of 9 cells, 15.0 a minute, 4 s left\n"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (600, "10 min"), (9000, "2.5 h")],
)
def test_time_is_told_in_a_fitting_unit(seconds, words):
    assert progress.duration(seconds) == words
