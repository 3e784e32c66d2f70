"""The renderer: deterministic, and a counterfactual changes the named thing alone."""

from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest

from data.photos import Photos
from data.scenes.benchmark import Scenes, target_spec
from data.scenes.photographs import BENCHMARK, TRAINING, path_of
from data.scenes.render import render, true_mask
from data.scenes.spec import (
    ALL_SPECS,
    BACKGROUNDS,
    COLOURS,
    HELD_OUT_SPECS,
    SHAPES,
    TRAIN_SPECS,
    SceneSpec,
)
from data.scenes.split import STRIDE, scene

STAR = SceneSpec("red", "star", "grass")


def test_the_world_is_as_large_as_promised():
    assert len(COLOURS) >= 8
    assert len(SHAPES) >= 8
    assert len(BACKGROUNDS) >= 6
    assert STAR.caption == "a red star on grass"
    assert replace(STAR, colour="orange").caption == "an orange star on grass"


def test_an_unknown_word_is_refused():
    with pytest.raises(ValueError, match="'pink' is unknown"):
        SceneSpec("pink", "star", "grass")


@pytest.mark.parametrize("spec", ALL_SPECS[::29], ids=lambda spec: spec.caption)
def test_rendering_is_deterministic_and_seeds_differ(spec):
    np.testing.assert_array_equal(render(spec, 3), render(spec, 3))
    assert (render(spec, 3) != render(spec, 4)).mean() > 0.3


@pytest.mark.parametrize(
    ("change", "least", "most"),
    [({"colour": "blue"}, 0.05, 0.35), ({"shape": "ring"}, 0.02, 0.4)],
)
def test_a_counterfactual_changes_the_object_alone(change, least, most):
    for seed in range(8):
        picture, other = render(STAR, seed), render(replace(STAR, **change), seed)
        mask = true_mask(picture, other)
        assert least < mask.mean() < most
        assert mask[:3].sum() == 0, "the border shows background alone"
        assert np.abs(picture[~mask].astype(int) - other[~mask]).max() <= 6


def test_another_background_leaves_the_object():
    picture, other = render(STAR, 5), render(replace(STAR, background="snow"), 5)
    object_mask = true_mask(render(STAR, 5), render(replace(STAR, colour="blue"), 5), 60)
    change = np.abs(picture.astype(int) - other)
    assert change[object_mask].mean() < 0.15 * change[~object_mask].mean()


def test_every_word_changes_the_picture():
    pictures = {
        sha256(render(replace(STAR, **{field: word}), 0).tobytes()).hexdigest()
        for field, words in (("colour", COLOURS), ("shape", SHAPES), ("background", BACKGROUNDS))
        for word in words
    }
    assert len(pictures) == len(COLOURS) + len(SHAPES) + len(BACKGROUNDS) - 2


def test_held_out_captions_are_not_trained_on():
    assert not set(HELD_OUT_SPECS) & set(TRAIN_SPECS)
    assert {spec for i in range(500) for spec in [scene("train", i)[0]]} <= set(TRAIN_SPECS)
    for field in ("colour", "shape", "background"):
        assert {getattr(s, field) for s in TRAIN_SPECS} == {getattr(s, field) for s in ALL_SPECS}


def test_splits_share_no_seed():
    seeds = [scene(split, i)[1] for split in ("train", "held_out", "dev", "test") for i in (0, 9)]
    assert len(set(seeds)) == len(seeds)
    with pytest.raises(ValueError, match="outside split"):
        scene("test", STRIDE)


def coarse(picture):
    """Mean brightness of each quarter: stable under another version of the drawing library."""
    return np.asarray(picture, float).reshape(2, 32, 2, 32, 3).mean(axis=(1, 3, 4)).ravel()


def test_items_are_fixed_for_ever():
    """Changing these means another benchmark: give the split another name."""
    tasks = list(Scenes(size=3))
    assert [(t.key, t.caption, t.target) for t in tasks] == [item[:3] for item in KNOWN_ITEMS]
    for index, (task, item) in enumerate(zip(tasks, KNOWN_ITEMS, strict=True)):
        np.testing.assert_allclose(coarse(task.open()), item[3], atol=0.5)
        assert task.counterfactual is not None
        np.testing.assert_allclose(coarse(task.counterfactual()), item[4], atol=0.5)
        assert Scenes().mask(index).sum() == pytest.approx(item[5], abs=20)


def test_the_split_ends():
    assert len(list(Scenes(size=4))) == len(Scenes(size=4)) == 4


KNOWN_ITEMS = [
    (
        "test-00000",
        "a white star on snow",
        "a white star on sand",
        [208.0, 204.4, 206.3, 193.7],
        [165.1, 172.7, 168.9, 165.3],
        3628,
    ),
    (
        "test-00001",
        "a black cross on bricks",
        "a black cross on wood",
        [81.9, 95.5, 87.2, 92.9],
        [74.8, 87.5, 81.4, 88.8],
        3394,
    ),
    (
        "test-00002",
        "a white cross on grass",
        "an orange cross on grass",
        [96.9, 97.9, 98.4, 93.8],
        [80.5, 80.3, 84.0, 77.5],
        742,
    ),
]


def test_the_target_changes_one_word():
    for index in range(40):
        spec, seed = scene("test", index)
        target = target_spec(spec, seed)
        assert (
            sum(a != b for a, b in zip(vars(spec).values(), vars(target).values(), strict=True))
            == 1
        )
        assert Scenes().mask(index).any()


def test_photographs_of_training_and_benchmark_keep_apart():
    assert not set(BENCHMARK) & set(TRAINING)
    assert "motorcycle_left" not in TRAINING, "the same scene as the measured motorcycle_right"
    contents = [path_of(name).read_bytes() for name in (*BENCHMARK, *TRAINING)]
    assert len({sha256(content).hexdigest() for content in contents}) == len(contents)


def test_photographs_open():
    for task in Photos():
        assert task.open().mode == "RGB"
        assert task.caption
