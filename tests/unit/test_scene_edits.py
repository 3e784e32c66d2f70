"""The embedded analogue of FlexIT's protocol."""

from collections import Counter

import numpy as np
import pytest

from data.scenes.benchmark import Scenes
from data.scenes.edits import CLASSES, REFERENCES, SceneEdits
from data.scenes.kinds import KINDS
from data.task import Task
from pti.errors import InputError


def test_each_class_is_the_target_of_as_many_queries_in_each_split():
    for split in ("dev", "test"):
        counts = Counter(task.target_class for task in SceneEdits(split))
        assert set(counts) == set(CLASSES) == set(SceneEdits(split).classes())
        assert set(counts.values()) == {10}


def test_any_selection_of_kinds_is_as_balanced_and_leaves_its_items_alone():
    everything = {task.key: task for task in SceneEdits("dev")}
    some = SceneEdits("dev", kinds=["pattern", "delete"])
    counts = Counter((task.tags, task.target_class) for task in some)
    assert len(counts) == 3 + 6
    assert set(counts.values()) == {10}
    assert {tag for tag, _ in counts} == {("pattern",), ("delete",)}
    assert all(everything[task.key] == task for task in some)
    assert list(SceneEdits(kinds="delete,pattern")) == list(SceneEdits(kinds=["pattern", "delete"]))
    assert len(SceneEdits(kinds=[])) == len(SceneEdits(kinds=None)) == len(SceneEdits())


def test_the_first_items_are_of_every_kind():
    assert {task.tags for task in SceneEdits(size=7)} == {(kind,) for kind in KINDS}


def test_an_unknown_kind_is_one_sentence():
    with pytest.raises(InputError, match=r"kind of edit 'shpe'. Did you mean 'shape'\? data.kinds"):
        SceneEdits(kinds=["colour", "shpe"])


def test_the_text_of_each_kind_changes_where_its_class_says():
    """By the words of the prompts alone, which the data set does not compare."""
    for task in SceneEdits("dev", 94):
        (kind,), name = task.tags, str(task.target_class).split()
        before, after = str(task.caption).split(), str(task.target).split()
        gone, new = ({*a} - {*b, "a", "an", "on"} for a, b in ((before, after), (after, before)))
        if kind == "add":
            assert before == after[-1:]
            assert {"present", *new} >= set(name)
        elif kind == "delete":
            assert after == before[-1:]
            assert name == ["absent", *after]
        elif kind == "pattern":
            assert new == set(name) - {"plain"}
            assert gone <= {"striped", "dotted"}
        else:
            assert new == set(name)
            assert len(gone) == len(new)


def test_the_words_to_blend_on_are_those_of_what_is_new():
    words = {task.tags[0]: (task.words[0], str(task.target)) for task in SceneEdits("dev", 47)}
    for kind in ("background", "delete"):
        phrase, target = words.pop(kind)
        assert target.split()[-1] == phrase
    for phrase, target in words.values():
        assert target.rpartition(" on ")[0] in (f"a {phrase}", f"an {phrase}")


def test_each_kind_changes_the_picture_inside_the_true_mask_only():
    most = {"background": 0.97, "pattern": 0.35}
    items = SceneEdits("dev", 14)
    for index, task in enumerate(items):
        assert task.counterfactual is not None
        difference = np.asarray(task.open(), int) - np.asarray(task.counterfactual(), int)
        mask = items.mask(index)
        assert np.abs(difference[~mask]).max() <= 6
        assert (np.abs(difference[mask]).max(-1) > 6).all()
        assert 0.01 < mask.mean() < most.get(task.tags[0], 0.5)


def test_a_query_is_always_the_same_picture():
    first, again = SceneEdits()[5], SceneEdits("test", 30)[5]
    assert np.array_equal(np.asarray(first.open()), np.asarray(again.open()))


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
    assert all(
        reference.identity.startswith(
            ("a blue heart on ", "a striped blue heart on ", "a dotted blue heart on ")
        )
        for reference in references
    )


def test_words_to_blend_on_are_those_that_are_new():
    task = Task("k", "a red car on a road", lambda: None, target="a yellow car on a road!")  # pyright: ignore[reportArgumentType]
    assert task.edited_words() == ("yellow",)
