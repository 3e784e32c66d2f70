"""A data set may say where an edit should change a picture, and what kind of edit it is."""

import numpy as np
import pytest
from PIL import Image

from experiments.score.score import pictures_of

pytestmark = pytest.mark.e2e

DATA = """
from collections.abc import Iterator
from dataclasses import dataclass, replace

from PIL import Image

from data.folder import Folder
from data.task import Task


def left_half():
    region = Image.new("L", (48, 40))
    region.paste(255, (0, 0, 24, 40))
    return region.convert("RGB")


@dataclass(frozen=True)
class Halves(Folder):
    def __iter__(self) -> Iterator[Task]:
        for task in super().__iter__():
            yield replace(task, target="a blue ring", region=left_half, tags=("colour",))
"""


def test_it_is_kept_and_measured_by(workplace, monkeypatch):
    (workplace.folder / "halves.py").write_text(DATA)
    monkeypatch.syspath_prepend(workplace.folder)
    edit = ("goal=edit", "metrics=reconstruction", "method=ddim_edit", "cell=x", "limit=1")
    words = (*edit, "data.tasks._target_=halves.Halves", "method.invert.trace.steps=2")
    outcome = workplace.run(*words)
    assert outcome.code == 0, outcome.err
    cell = workplace.cell("single", "x")
    assert cell.records["0.png"].tags == ["colour"]
    kept = np.asarray(Image.open(cell.region("0.png")).convert("L")) > 127
    half = kept.shape[1] // 2
    assert kept[:, :half].mean() > 0.9
    assert kept[:, half:].mean() < 0.1
    pictures = pictures_of(cell, "0.png")
    assert pictures.changed is not None
    assert np.array_equal(pictures.changed[0, 0].numpy(), kept)
    assert pictures.prompt == ("a blue ring",)
