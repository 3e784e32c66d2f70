"""The distance to the true edit inside the region: what it sees and what it does not."""

import numpy as np
import pytest
import torch

from data.scenes.render import render
from data.scenes.spec import parse
from data.tensors import to_tensor
from eval.metric import Pictures
from eval.perceptual import distance
from eval.regions import changed
from experiments.score.scene_metrics import (
    SceneAccuracy,
    ScenePercept,
    ScenePerceptInside,
    _layers_of,  # pyright: ignore[reportPrivateUsage]
    scene_classifier,
)


@pytest.fixture(scope="module")
def scenes():
    """A red star on grass, the same star in blue, and as a red ring."""
    texts = ("a red star on grass", "a blue star on grass", "a red ring on grass")
    return [to_tensor(render(parse(text), 3))[None] for text in texts]


def inside(output, source, truth):
    return ScenePerceptInside()(Pictures(output, source, truth, changed(truth, source))).item()


def test_the_truth_has_none_and_the_input_has_some(scenes):
    red, blue, ring = scenes
    for truth in (blue, ring):
        assert inside(truth, red, truth) == pytest.approx(0, abs=1e-9)
        assert inside(red, red, truth) > 0.1


def test_what_lies_outside_does_not_count(scenes):
    red, blue, _ = scenes
    outside = ~changed(blue, red)
    spoilt = torch.where(outside, 1 - red, red)
    assert inside(spoilt, red, blue) == pytest.approx(inside(red, red, blue))


def test_where_everything_changes_it_is_the_plain_distance(scenes):
    red, blue, _ = scenes
    everywhere = torch.ones(1, 1, 64, 64, dtype=torch.bool)
    found = ScenePerceptInside()(Pictures(red, red, blue, everywhere)).item()
    assert found == pytest.approx(ScenePercept()(Pictures(red, blue)).item())


def test_an_edit_that_changes_nothing_has_no_inside(scenes):
    red, *_ = scenes
    assert np.isnan(inside(red, red, red))


def test_a_picture_goes_through_the_classifier_once(monkeypatch):
    classifier, passes = scene_classifier(), []
    layers = classifier.layers
    monkeypatch.setattr(classifier, "layers", lambda images: passes.append(0) or layers(images))
    generator = torch.Generator().manual_seed(0)
    output, source, truth, again = torch.rand(4, 1, 3, 64, 64, generator=generator)
    region = changed(truth, source)

    def measured(output):
        pictures = Pictures(output, source, truth, region, ("red star",))
        return [metric(pictures) for metric in (SceneAccuracy(), ScenePercept())]

    measured(output)
    assert len(passes) == 2  # the output and the input
    measured(again)
    assert len(passes) == 3  # the input is known
    expected = distance(layers(again), layers(source))
    assert torch.equal(measured(again)[1], expected)


def test_a_value_does_not_depend_on_the_layout_in_memory():
    generator = torch.Generator().manual_seed(1)
    for output, source in torch.rand(8, 2, 1, 3, 64, 64, generator=generator):
        (value,) = ScenePercept()(Pictures(output, source))
        last = [image.contiguous(memory_format=torch.channels_last) for image in (output, source)]
        _layers_of.cache_clear()
        assert ScenePercept()(Pictures(last[0], last[1])).item() == value.item()
