"""Words reach Hydra as they were typed: paths and names as text, numbers in one spelling."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from experiments.jobs.spelling import spelled


def read(word):
    """What Hydra makes of a word, in a sweep of each element."""
    (override,) = OverridesParser.create().parse_overrides(spelled([word]))
    return (
        list(override.sweep_string_iterator()) if override.is_sweep_override() else override.value()
    )


NAMES = (
    "2024_01_05",
    "1e2",
    "2017",
    "1_5",
    "true",
    "inf",
    "a=b",
    "it's",
    "'tis",
    "a b (1)",
    "a b\\\\",
    "x\\'",
    "a#b",
    " led",
    "[1]",
    "glob(*)",
    "cost$5",
    "~x",
    "é一",
    "None",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "key", ["results", "cache", "data.path", "data.root", "model.path", "cell"]
)
def test_paths_and_names_are_text(key, name):
    assert read(f"{key}={name}") == name
    assert read(f"++{key}={name}") == name


def test_what_says_more_than_its_letters_stays():
    assert read("data.train=null") is None
    assert read("data.path='2,3'") == "2,3"
    assert spelled(["results=${oc.env:HOME}/r", "--multirun"]) == [
        "results=${oc.env:HOME}/r",
        "--multirun",
    ]


def test_a_comma_divides_a_sweep_but_not_a_path_that_is_there(tmp_path):
    assert read("data.path=a,2017") == ["a", "'2017'"]
    assert read("results=a,b") == "a,b"
    (tmp_path / "a,b").mkdir()
    assert read(f"data.path={tmp_path / 'a,b'}") == str(tmp_path / "a,b")


@pytest.mark.parametrize(
    ("typed", "one"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("1e0", "1"),
        ("0.010", "0.01"),
        ("1e-2", "0.01"),
        ("1.0,2.50", "1,2.5"),
        ("1,1.0,1e0,2", "1,2"),
        ("true", "true"),
        ("adam,sgd", "adam,sgd"),
        ("range(1,3)", "range(1,3)"),
        ("nan", "nan"),
    ],
)
def test_a_number_has_one_spelling(typed, one):
    assert spelled([f"method.invert.lr={typed}"]) == [f"method.invert.lr={one}"]


@pytest.mark.parametrize("key", ["data.types", "++data.tasks.types"])
@pytest.mark.parametrize(
    ("typed", "one"),
    [
        ("1,6", [1, 6]),
        ("1,6,1", [1, 6]),
        ("[1,6]", [1, 6]),
        ("1", 1),
        ("null", None),
        ("'1,6'", "1,6"),
        ("x,1", ["x", 1]),
    ],
)
def test_types_with_commas_are_one_list(key, typed, one):
    assert read(f"{key}={typed}") == one


def test_lists_of_types_are_a_sweep():
    assert read("data.types=[1],[6]") == ["[1]", "[6]"]
    assert read("data.kinds=add,shape") == ["add", "shape"]
