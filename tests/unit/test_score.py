"""Scores of a cell: measured together on a GPU or alone, each item's are its own."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image

from eval.edits import PsnrInside, PsnrToTruth, SsimInside
from eval.in_region import PsnrInRegion, SsimInRegion
from eval.metric import Metric, ReadsInput
from eval.psnr import Psnr
from eval.quantity import Quantity
from eval.ssim import Ssim
from experiments.run.files import save_png
from experiments.score import measuring
from experiments.score import score as scoring
from experiments.score.measuring import Measuring
from experiments.score.metric_set import MetricSet
from experiments.score.scene_metrics import SceneAccuracy, ScenePercept, ScenePerceptInside
from experiments.store.cell import Cell
from experiments.store.formats import CONFIG, RECORDS, SCORES, Record

KEYS = [f"{number:02}" for number in range(20)]
METRICS: tuple[Metric, ...] = (
    Psnr(),
    Ssim(),
    PsnrToTruth(),
    PsnrInside(),
    SsimInside(),
    PsnrInRegion("outside"),
    SsimInRegion("outside"),
    SsimInRegion("outside", masking="zeroed", jpeg=75),
    ScenePercept(),
    ScenePerceptInside(),
    SceneAccuracy(),
)
CPU = torch.device("cpu")


@pytest.fixture
def metrics():
    """Some metrics of each kind."""
    made = {f"metric{number}": metric for number, metric in enumerate(METRICS)}
    targets = {
        name: {"_target_": f"{type(one).__module__}.{type(one).__name__}"}
        for name, one in made.items()
    }
    return MetricSet(made, None, {"name": "any", "pictures": targets, "asked": []})


@pytest.fixture
def folder(tmp_path):
    """A cell of noise; the true edits of a few items are not known."""
    random = np.random.default_rng(0)
    folder = tmp_path / "cells/method"
    records = []
    for number, key in enumerate(KEYS):
        pictures = random.integers(0, 256, (3, 64, 64, 3), np.uint8)
        pictures[2, :40] = pictures[1, :40]
        save_png(folder / f"images/{key}.png", pictures[0])
        save_png(tmp_path / f"inputs/{key}.png", pictures[1])
        if number not in (3, 4, 11):
            save_png(tmp_path / f"truths/{key}.png", pictures[2])
        record = Record(key, "done", "", "", 0, image=f"images/{key}.png", target_class="red star")
        records.append(record.written())
    (folder / CONFIG).write_text("{}")
    scoring.append_lines(folder / RECORDS, records)
    return folder


def values(folder, metrics, device=CPU):
    scoring.score(folder, metrics, OmegaConf.create([]), folder / "cache", device)
    found = Cell.read(folder).scores
    assert {line.device for line in found.values()} == {device.type}
    (folder / SCORES).unlink()
    assert sorted(found) == KEYS
    return np.array([[found[key].values[id_] for id_ in metrics.by_id] for key in KEYS])


def test_a_batch_on_a_gpu_has_the_values_of_its_items(folder, metrics, monkeypatch):
    alone = values(folder, metrics)
    batches = []
    monkeypatch.setattr(
        measuring, "parts_for", lambda _, whole: batches.append(len(whole)) or [whole]
    )
    together = values(folder, metrics)
    assert batches == [3, 2, 6, 1, 8], "those of which the same is known"
    np.testing.assert_allclose(together, alone, rtol=2e-5)
    lacking = np.isnan(alone).any(1)
    assert [KEYS[row] for row in np.flatnonzero(lacking)] == ["03", "04", "11"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_has_the_values_of_a_cpu(folder, metrics):
    on_gpu = values(folder, metrics, torch.device("cuda"))
    np.testing.assert_allclose(on_gpu, values(folder, metrics), rtol=1e-4)


def test_what_holds_is_kept_and_only_the_rest_is_measured(folder, metrics, monkeypatch):
    scoring.score(folder, metrics.without(["metric0"]), OmegaConf.create([]), folder, CPU)
    before = Cell.read(folder).scores
    asked = []
    measure = Measuring.__call__

    def noted(self, metrics, pictures):
        asked.extend(metrics.values())
        return measure(self, metrics, pictures)

    monkeypatch.setattr(Measuring, "__call__", noted)
    scoring.score(folder, metrics, OmegaConf.create([]), folder, CPU)
    assert set(asked) == {METRICS[0]}
    after = Cell.read(folder).scores
    for key in KEYS:
        new = {id_: value for id_, value in after[key].values.items() if id_ in before[key].values}
        assert str(new) == str({id_: before[key].values[id_] for id_ in new})
        assert METRICS[0].quantity.id in after[key].values


@dataclass(frozen=True)
class Brightness(ReadsInput):
    """The difference in brightness; notes what it reads."""

    seen: list[int] = field(default_factory=list, compare=False)

    @property
    def quantity(self):
        return Quantity("brightness", higher_is_better=False, decimals=2)

    def read(self, images):
        self.seen.append(len(images))
        return images.mean((1, 2, 3))

    def compare(self, pictures, read):
        return (self.read(pictures.output) - read).abs()


def brightness(metric, **settings):
    about = {"_target_": f"{__name__}.Brightness", **settings}
    return MetricSet({"b": metric}, None, {"name": "any", "pictures": {"b": about}, "asked": []})


def mean_of(path):
    with Image.open(path) as picture:
        return np.asarray(picture).mean() / 255


def test_an_input_is_read_once_for_all_cells(folder):
    metric = Brightness()
    first = values(folder, brightness(metric))
    assert len(metric.seen) == 2 * len(KEYS)
    assert np.array_equal(values(folder, brightness(metric)), first)
    assert len(metric.seen) == 3 * len(KEYS), "results alone"
    inputs = folder.parents[1] / "inputs"
    pairs = [(folder / f"images/{key}.png", inputs / f"{key}.png") for key in KEYS]
    expected = [abs(mean_of(one) - mean_of(other)) for one, other in pairs]
    np.testing.assert_allclose(first[:, 0], expected, atol=1e-6)
    values(folder, brightness(metric, more=1))
    assert len(metric.seen) == 5 * len(KEYS), "a metric of different settings reads by itself"
