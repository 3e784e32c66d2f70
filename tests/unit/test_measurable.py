"""What of a set of metrics is measured where weights or data are missing."""

import logging

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from PIL import Image

from data.task import Task
from experiments.jobs.schema import CONFIGS
from experiments.score import measurable as module
from experiments.score.measurable import measurable
from experiments.score.metric_set import MetricSet
from experiments.store.formats import Score
from pti.errors import InputError

WITHOUT_WEIGHTS = [
    "psnr_outside", "mse_outside", "ssim_outside", "psnr_inside", "mse_inside", "ssim_inside",
    "psnr", "ssim", "mse",
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_weights(tmp_path, monkeypatch):
    """No weights are on this machine, and nothing has been said yet."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("eval.clip_score.folder_of", lambda _: _refuse("CLIP is missing"))
    module._tell.cache_clear()


def _refuse(sentence):
    raise InputError(sentence)


def metrics(name, *overrides) -> MetricSet:
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config: DictConfig = compose(f"metrics/{name}", list(overrides)).metrics
        return MetricSet.of(config)


def task(key, *, region):
    opener = Image.new("RGB", (8, 8)).copy
    return Task(key=key, caption="a", open=opener, region=opener if region else None)


def measured(name, tasks, *overrides):
    return measurable(metrics(name, *overrides), "some", tasks, tasks)


def test_metrics_without_weights_are_left_out_in_a_sentence_a_reason(caplog):
    tasks = [task("a", region=True)]
    with caplog.at_level(logging.WARNING):
        chosen = measured("pie_bench", tasks)
        measured("pie_bench", tasks)  # the next cell of a sweep
    assert list(chosen.metrics) == WITHOUT_WEIGHTS
    dino, lpips, clip = caplog.messages
    assert dino.startswith("not measured: structure-dino-vitb8@224[0,255,jpeg75], because /")
    assert "dino_vitbase8_pretrain.pth is missing: fetch https://" in dino
    assert "lpips-squeeze-outside[zeroed,jpeg75], lpips-squeeze-inside-to-input" in lpips
    assert clip.startswith(
        "not measured: clip-l14[jpeg75], clip-l14-inside[zeroed,jpeg75], because"
    )


def test_what_the_data_lack_is_one_sentence(caplog):
    with caplog.at_level(logging.WARNING):
        measured("pie_bench", [task("a", region=False)])
    (regions,) = [one for one in caplog.messages if "the column mask" in one]
    assert regions.count("zeroed") == 9
    assert "because data=some lacks the regions" in regions


def test_roles_of_what_is_left_out_are_empty():
    chosen = measured("pie_bench", [task("a", region=False)])
    assert list(chosen.metrics) == ["psnr", "ssim", "mse"]
    assert (chosen.measures.kept, chosen.measures.asked) == (None, ())
    assert measured("pie_bench", [task("a", region=True)]).measures.kept is not None


def test_one_item_with_a_region_is_enough():
    tasks = [task("a", region=False), task("b", region=True)]
    assert list(measured("pie_bench", tasks).metrics) == WITHOUT_WEIGHTS


def test_a_set_that_is_not_partial_refuses():
    with pytest.raises(InputError, match="measures accuracy-scenes, which needs a target class"):
        measured("scenes", [task("a", region=True)])
    with pytest.raises(InputError, match=r"alexnet\S* is missing: fetch"):
        measured("lpips", [task("a", region=True)])


def test_a_set_of_which_nothing_is_left_refuses():
    with pytest.raises(InputError, match=r"measures nothing here \(data=some lacks the regions"):
        measured("pie_bench_conventions", [task("a", region=False)], "+metrics.partial=true")


def test_what_other_machines_measured_stays_in_the_measures():
    chosen = measured("pie_bench", [task("a", region=True)])
    clip = chosen.left_out["clip"].quantity.id
    scores = [Score("a", "", {clip: "00"}, {clip: 25.0})]
    assert clip not in {one.id for one in chosen.beside([]).pictures}
    names = [one.id for one in chosen.beside(scores).pictures]
    assert names.index(clip) < names.index("psnr-inside-to-input[0,1,zeroed,jpeg75]")
    assert len(names) == len(WITHOUT_WEIGHTS) + 1
