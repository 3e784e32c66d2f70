"""A value of the wrong form is refused by name before anything is computed."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from omegaconf import OmegaConf

from experiments.jobs.forms import check_forms
from pti.errors import InputError


@dataclass
class Part:
    rate: float = 0.1


@dataclass
class Whole:
    count: int = 1
    rate: float | None = None
    kind: Literal["adam", "sgd"] = "adam"
    on: bool = False
    part: Part | None = None
    needed: Part = field(default_factory=Part)
    place: Path = Path()
    names: tuple[str, ...] = ()


def whole(**values):
    return OmegaConf.create({"_target_": "Whole", **values})


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """Test modules are imported under names that Hydra can't look up."""
    monkeypatch.setattr("experiments.jobs.forms.get_object", lambda path: globals()[path])


def untyped(count):
    return count


PART = {"_target_": "Part"}


@pytest.mark.parametrize(
    "values",
    [
        {"count": 3, "rate": 1, "kind": "sgd", "on": True},
        {"rate": None, "part": None, "place": "pictures", "names": ["a"]},
        {"rate": 1e-3, "part": PART, "needed": {**PART, "rate": 2}},
    ],
)
def test_what_the_annotations_allow_passes(values):
    check_forms(whole(**values), "method")


def test_what_is_not_annotated_is_not_checked():
    check_forms(OmegaConf.create({"_target_": "untyped", "count": "two"}), "method")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"count": "two"}, "method.count=two can't be: it takes a whole number"),
        ({"count": 1.5}, "method.count=1.5 can't be: it takes a whole number"),
        ({"count": True}, "method.count=true can't be: it takes a whole number"),
        ({"count": None}, "method.count=null can't be: it takes a whole number"),
        ({"rate": "fast"}, "method.rate=fast can't be: it takes a number or null"),
        ({"kind": "adamw"}, "method.kind=adamw can't be: it takes adam or sgd"),
        ({"on": 1}, "method.on=1 can't be: it takes true or false"),
        ({"part": 3}, "method.part=3 can't be: it takes a block with a _target_ or null"),
        ({"needed": None}, "method.needed=null can't be: it takes a block with a _target_"),
        ({"needed": {**PART, "rate": "x"}}, "method.needed.rate=x can't be: it takes a number"),
    ],
)
def test_anything_else_is_named(values, sentence):
    with pytest.raises(InputError) as refused:
        check_forms(whole(**values), "method")
    assert str(refused.value) == sentence
