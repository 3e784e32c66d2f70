"""Progress of a single edit: a stage's bar ends with the stage, not with the command."""

from contextlib import nullcontext
from functools import partial
from io import StringIO
from itertools import groupby
from types import SimpleNamespace
from typing import Any

import pytest

from data.progress import Lines
from experiments.edit.progress import shown


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ({"trace": 1, "tune": 5}, ["inverting", "tuning"]),
        ({"trace": 0.5, "tune": 5}, ["tuning"]),  # tracing is over in 6 s: too soon for a line
        ({"mask": 0.1, "sample": 5}, ["sampling"]),
    ],
)
def test_a_stage_ends_where_the_next_begins(monkeypatch, seconds, told):
    now, file, tell = [100.0], StringIO(), []
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    monkeypatch.setattr("experiments.edit.progress.bar", partial(Lines, file=file))
    model: Any = SimpleNamespace(watched=lambda observer: nullcontext(tell.append(observer)))
    with shown(model, 12):
        for stage, each in seconds.items():
            for timestep in range(12):
                tell[0](stage, timestep)
                now[0] += each
    stages = [line.split(":")[0] for line in file.getvalue().splitlines()]
    assert [name for name, _ in groupby(stages)] == told
