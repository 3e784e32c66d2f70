"""The embedded analogue of FlexIT's protocol."""

from collections import Counter

import numpy as np

from data.scenes.benchmark import Scenes
from data.scenes.edits import CLASSES, REFERENCES, SceneEdits
from data.scenes.spec import COLOURS, SHAPES
from data.task import Task


def test_each_class_is_the_target_of_as_many_queries_in_each_split():
    for split in ("dev", "test"):
        counts = Counter(task.target_class for task in SceneEdits(split))
        assert set(counts) == set(CLASSES) == set(SceneEdits(split).classes())
        assert set(counts.values()) == {10}


def test_only_what_the_class_names_changes():
    for task in SceneEdits("dev", 72):
        before, after = (str(prompt).split() for prompt in (task.caption, task.target))
        changed = {new for old, new in zip(before[1:], after[1:], strict=True) if old != new}
        assert changed == set(str(task.target_class).split())
        assert task.words[0] in str(task.target)
        assert set(task.words[0].split()) <= {*COLOURS, *SHAPES}


def test_a_query_is_always_the_same_picture_and_its_counterfactual_differs():
    first, again = SceneEdits()[5], SceneEdits("test", 30)[5]
    assert np.array_equal(np.asarray(first.open()), np.asarray(again.open()))
    assert first.counterfactual is not None
    difference = np.asarray(first.open(), int) - np.asarray(first.counterfactual(), int)
    share = (np.abs(difference).max(-1) > 6).mean()
    assert 0 < share < 0.6


def test_no_picture_is_shared():
    pictures = [
        task.open().tobytes() for split in ("dev", "test") for task in SceneEdits(split, 24)
    ]
    pictures += [task.open().tobytes() for task in Scenes("test", 24)]
    pictures += [task.retrieved().tobytes() for task in SceneEdits("test", 24) if task.retrieved]
    assert len(set(pictures)) == len(pictures) == 96


def test_references_show_their_class():
    references = SceneEdits().references("blue heart")
    assert len(references) == len({r.identity for r in references}) == REFERENCES
    assert all(reference.identity.startswith("a blue heart on ") for reference in references)


def test_words_to_blend_on_are_those_that_are_new():
    task = Task("k", "a red car on a road", lambda: None, target="a yellow car on a road!")  # pyright: ignore[reportArgumentType]
    assert task.edited_words() == ("yellow",)
