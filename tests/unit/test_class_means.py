"""Class means: of real pictures, made once, also where two runs need them at the same time."""

from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from PIL import Image

from data.task import Reference
from experiments.score import class_means as module
from experiments.score.class_means import class_means

CPU = torch.device("cpu")


class Colours:
    """The mean colour of a picture, and how many pictures it has been asked of."""

    id = "colours"

    def __init__(self):
        self.asked = 0

    def digest(self):
        return "0"

    def __call__(self, images):
        self.asked += len(images)
        return images.mean((2, 3))


class Greys:
    """Two classes of plain pictures."""

    def __iter__(self):
        return iter(())

    def references(self, name):
        levels: tuple[int, ...] = {"dark": (0, 10), "light": (200, 250)}[name]
        return [Reference(str(level), partial(plain, level)) for level in levels]


def plain(level):
    return Image.new("RGB", (8, 8), (level, level, level))


def test_a_mean_is_that_of_its_pictures_and_kept(tmp_path):
    network = Colours()
    found = class_means(Greys(), ["light", "dark"], network, 8, folder=tmp_path, device=CPU)
    assert {name: mean.round(6).tolist() for name, mean in found.items()} == {
        "dark": [round(5 / 255, 6)] * 3,
        "light": [round(225 / 255, 6)] * 3,
    }
    class_means(Greys(), ["dark"], network, 8, folder=tmp_path, device=CPU)
    assert network.asked == 4


def test_what_another_run_has_made_meanwhile_is_read(tmp_path, monkeypatch):
    network = Colours()

    @contextmanager
    def late(path, keys):
        (name,) = keys
        np.save(path.parent / f"{name}.npy", np.zeros(3))
        yield

    monkeypatch.setattr(module, "reserved", late)
    found = class_means(Greys(), ["dark"], network, 8, folder=tmp_path, device=CPU)
    assert network.asked == 0
    assert found["dark"].tolist() == [0, 0, 0]
