"""``classes.jsonl`` is written where a picture or a mean is new, and features are kept."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from eval.csfid import class_distances
from eval.quantity import Quantity
from experiments.run.files import save_png
from experiments.score.classes import score_classes
from experiments.store.cell import Cell
from experiments.store.formats import EVERYTHING, Record
from experiments.store.measures import Measures

KEYS = ("a", "b", "c", "d", "e", "f")
CLASSES = ("cat", "dog", "cat", "dog", "cat", "dog")
COLUMNS = ("csfid", "corrected", "sfid", "fid")


@dataclass
class Colours:
    """The mean colour of a picture, and how many pictures it has been asked of."""

    id: str = "colours"
    asked: list[int] = field(default_factory=list)

    def digest(self):
        return "0"

    def __call__(self, images):
        self.asked.append(len(images))
        return images.mean((2, 3))


@pytest.fixture
def cell(tmp_path):
    folder = tmp_path / "cells" / "method"
    for number, key in enumerate(KEYS):
        picture = np.full((8, 8, 3), 10 * number, np.uint8)
        save_png(folder / f"images/{key}.png", picture)
        save_png(tmp_path / f"inputs/{key}.png", picture + 5)
    (folder / "config.yaml").write_text("{}")
    records = {
        key: Record(key, "done", "", "", 0, target_class=name)
        for key, name in zip(KEYS, CLASSES, strict=True)
    }
    return Cell(folder, OmegaConf.create({}), records, {}, {})


MEANS = {"cat": np.array([0.1, 0.1, 0.1]), "dog": np.array([0.2, 0.2, 0.2])}


def score(cell, network, means=None):
    """Score the classes, and read the lines as the next run would."""
    quantities = [Quantity(name, higher_is_better=False, decimals=2) for name in COLUMNS]
    classes, everything = tuple(quantities[:2]), tuple(quantities[2:])
    measures = Measures("any", (), classes, everything, None, (), None, {})
    given = MEANS if means is None else means
    keys = list(cell.records)
    score_classes(cell, keys, network, measures, lambda *_: given, torch.device("cpu"))
    lines = Cell.read(cell.folder).classes
    cell.classes.clear()
    cell.classes.update(lines)
    return lines


def test_nothing_is_computed_where_nothing_is_new(cell):
    network = Colours()
    lines = score(cell, network)
    assert {name: line.n for name, line in lines.items()} == {"cat": 3, "dog": 3, EVERYTHING: 6}
    assert sum(network.asked) == 12
    file = cell.folder / "classes.jsonl"
    before = file.stat().st_mtime_ns, (cell.folder / "features.npz").stat().st_mtime_ns
    assert score(cell, network) == lines
    assert before == (file.stat().st_mtime_ns, (cell.folder / "features.npz").stat().st_mtime_ns)
    assert sum(network.asked) == 12


def test_a_new_picture_or_mean_is_seen(cell):
    network = Colours()
    first = score(cell, network)
    save_png(cell.image("d"), np.full((8, 8, 3), 200, np.uint8))
    second = score(cell, network)
    assert sum(network.asked) == 13  # the new picture alone
    assert second["dog"].values["csfid"] > first["dog"].values["csfid"]
    assert second["cat"].values == first["cat"].values
    third = score(cell, network, {**MEANS, "cat": MEANS["cat"] + 1})
    assert third["cat"].values["csfid"] > second["cat"].values["csfid"]
    assert third["dog"].values == second["dog"].values


def test_new_code_computes_the_lines_anew(cell, monkeypatch):
    network = Colours()
    first = score(cell, network)
    monkeypatch.setattr("experiments.score.classes.digest", lambda _: "other code")
    second = score(cell, network)
    assert second[EVERYTHING].of != first[EVERYTHING].of
    assert second["dog"] == first["dog"]
    assert sum(network.asked) == 12  # features are by the network's own code


def test_the_inputs_are_read_once_for_all_cells(cell, tmp_path):
    network = Colours()
    score(cell, network)
    folder = tmp_path / "cells" / "different"
    (cell.folder / "features.npz").unlink()
    cell.folder.rename(folder)
    score(Cell(folder, cell.config, cell.records, {}, {}), network)
    assert sum(network.asked) == 12 + 6


def test_the_lines_are_the_distances_of_the_features(cell):
    lines = score(cell, Colours())
    made = np.array([[10 * number / 255] * 3 for number in range(6)], np.float32)
    expected = class_distances(torch.tensor(made).numpy(), list(CLASSES), MEANS)
    for name, found in expected.items():
        assert lines[name].values["csfid"] == pytest.approx(found.distance, rel=1e-4)
        assert lines[name].values["corrected"] == pytest.approx(found.corrected, rel=1e-4)


def test_each_picture_is_left_out_of_its_class(cell):
    lines = score(cell, Colours())
    assert lines[EVERYTHING].without == {}
    assert set(lines["cat"].without) == {"a", "c", "e"}
    rest = {key: cell.records[key] for key in ("a", "c", "d", "f")}
    few = score(Cell(cell.folder, cell.config, rest, {}, {}), Colours())
    assert lines["cat"].without["e"] == pytest.approx(few["cat"].values)
    assert lines["dog"].without["b"] == pytest.approx(few["dog"].values)
