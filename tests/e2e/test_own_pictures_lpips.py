"""LPIPS of pictures of one's own, which belong to no class."""

import math

import pytest
import torch

from experiments.jobs.plan import plan
from experiments.score.metric_set import MetricSet
from tests.e2e.conftest import QUICK
from tests.golden.test_lpips import random_features, saved

pytestmark = pytest.mark.e2e
WORDS = ("experiment=table2", "method=ddim", QUICK[1], "metrics=lpips", "limit=2")


@pytest.fixture(autouse=True)
def hub(tmp_path, monkeypatch):
    """The checkpoints of a torch hub of the test's own."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    folder = tmp_path / "torch/hub/checkpoints"
    folder.mkdir(parents=True)
    return folder


def test_it_needs_no_classes_and_is_the_lpips_of_all_sets():
    of = {
        name: MetricSet.of(plan([f"metrics={name}", "method=vae"])[0].metrics).measures
        for name in ("lpips", "photographs")
    }
    ids = [quantity.id for quantity in of["lpips"].quantities]
    assert ids == ["psnr[0,1]", "ssim[0,1]", "mse[0,1]", "lpips-alex@256"]
    assert of["photographs"].quantity("lpips-alex@256")


def test_each_picture_is_scored_and_reported(workplace, hub):
    saved(random_features("alex"), hub / "alexnet-owt-7be5be79.pth")
    done = workplace.run(*WORDS)
    assert done.code == 0, done.err
    values = [
        line.values["lpips-alex@256"] for line in workplace.cell("table2", "ddim").scores.values()
    ]
    assert len(values) == 2
    assert all(math.isfinite(value) and value > 0 for value in values)
    assert "lpips-alex@256" in workplace.report("experiment=table2").out


@pytest.mark.parametrize("kept", [None, {"classifier.6.bias": torch.zeros(1000)}])
def test_weights_that_can_t_be_read_are_named_before_any_picture_is_made(workplace, hub, kept):
    if kept is not None:
        torch.save(kept, hub / "alexnet-owt-7be5be79.pth")
    refused = workplace.run(*WORDS)
    assert refused.code == 2
    assert "alexnet-owt-7be5be79.pth" in refused.err
    assert not list(workplace.folder.glob("results/*/*/cells/*/records.jsonl"))


def test_a_set_that_compares_classes_says_what_needs_none(workplace):
    refused = workplace.run(*WORDS, "metrics=photographs")
    assert refused.code == 2
    assert "add metrics=reconstruction" in refused.err
