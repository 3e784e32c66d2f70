"""Fields of an editor, replaced by their names wherever in it they are."""

from dataclasses import dataclass, field

import pytest

from experiments.edit.fields import with_fields
from pti.errors import InputError


@dataclass(frozen=True)
class Mask:
    threshold: float = 0.3
    start: float = 0.2


@dataclass(frozen=True)
class Target:
    mask: Mask = field(default_factory=Mask)
    omega: float = 7.5
    eta: float | None = None


@dataclass(frozen=True)
class Control:
    start: float = 0.0
    share: float = 0.4

    def __post_init__(self):
        if self.share > 1:
            raise ValueError(f"share={self.share}: at most 1")


@dataclass(frozen=True)
class Pair:
    """An editor that controls another."""

    target: Target = field(default_factory=Target)
    control: Control = field(default_factory=Control)
    second: Control | None = None


def changed(editor, **values):
    return with_fields(editor, values, "p2p")


def test_the_nearest_field_of_the_name_is_meant():
    assert changed(Target(), omega=1) == Target(omega=1)
    assert changed(Target(), threshold=0.5) == Target(mask=Mask(0.5))
    assert changed(Pair(), omega=3, threshold=0.5) == Pair(Target(Mask(0.5), omega=3))
    assert changed(Pair(), start=0.1) == Pair(control=Control(0.1))
    assert changed(Target(eta=0.9), eta=None) == Target()


def test_a_dotted_name_is_one_place():
    given = {"target.mask.start": 0.5, "control.start": 0.1}
    assert changed(Pair(), **given) == Pair(Target(Mask(start=0.5)), Control(0.1))


def test_two_as_near_are_not_guessed_at():
    both = Pair(second=Control())
    with pytest.raises(InputError, match=r"start .*: write control\.start or second\.start"):
        changed(both, start=0.1)
    assert changed(both, **{"second.start": 0.1}) == Pair(second=Control(0.1))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"omgea": 1}, "the editor of p2p has no 'omgea'. Did you mean 'omega'? It has threshold,"),
        ({"mask": 1}, "no 'mask'"),
        ({"target.omegas": 1}, "no 'target.omegas'"),
        ({"omega": "much"}, "omega=much can't be: it takes a number"),
        ({"omega": None}, "omega=null can't be"),
        ({"share": 2.0}, "share=2.0: at most 1"),
    ],
)
def test_what_can_t_be_is_said(values, says):
    with pytest.raises(InputError, match=says.replace("?", r"\?")):
        changed(Pair(), **values)
