from dataclasses import replace
from math import isnan, nan

import pytest

from eval.bootstrap import Interval
from eval.claims import Comparison, grade


def part(value, half=0.5, name="part"):
    return Comparison(name, "other", Interval(value, value - half, value + half, 16, 0))


UNMEASURED = Comparison("missing", "other", Interval(nan, nan, nan, 0, 0))


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(1.0, "reproduced"), (-1.0, "contradicted"), (0.4, "undecided"), (-0.4, "undecided"),
     (0.5, "undecided"), (-0.5, "undecided")],
)  # fmt: skip
def test_an_interval_decides_by_the_side_of_zero_it_lies_on(value, verdict):
    assert part(value).verdict == verdict


@pytest.mark.parametrize("p", [0.05, 0.0625, 1.0])
def test_an_interval_does_not_decide_what_chance_explains(p):
    surely = Interval(1.0, 0.5, 1.5, 16, 0)
    assert Comparison("a", "b", surely, p).verdict == "undecided"
    assert Comparison("a", "b", surely, 0.049).verdict == "reproduced"


@pytest.mark.parametrize(
    ("value", "half", "p", "verdict"),
    [
        (0.1, 0.5, 0.4, "equal"),
        (0.1, 0.95, 0.4, "undecided"),
        (-0.3, 0.2, 0.01, "contradicted"),
        (0.3, 0.2, 0.01, "reproduced"),
        (0.3, 0.2, 0.2, "equal"),
    ],
)
def test_what_is_small_for_sure_is_equal_where_its_sign_is_open(value, half, p, verdict):
    one = Comparison("a", "b", Interval(value, value - half, value + half, 16, 0), p, matters=1.0)
    assert one.verdict == verdict


def test_an_interval_narrows_with_the_root_of_its_items():
    wide = Comparison("a", "b", Interval(0.3, -0.7, 1.3, 16, 0), matters=0.5)
    assert wide.needed == 64
    assert isnan(replace(wide, matters=0.0).needed)
    assert isnan(replace(wide, matters=1.5).needed), "narrower already"
    assert isnan(UNMEASURED.needed)


def test_few_items_show_no_equality():
    one = Comparison("a", "b", Interval(0.0, 0.0, 0.0, 5, 0), 1.0, matters=1.0)
    assert one.verdict == "undecided"


def test_many_comparisons_are_corrected_for_their_number():
    """At p = 0.02 one comparison is decided, and each of four is open."""
    one = Comparison("a", "b", Interval(1.0, 0.5, 1.5, 16, 0), 0.02)
    assert grade([one]).verdict == "reproduced"
    assert {part.verdict for part in grade([one] * 4).parts} == {"undecided"}
    assert [part.p for part in grade([one] * 4).parts] == pytest.approx([0.08] * 4)


def test_an_equal_part_is_weaker_than_a_reproduced_one_and_stronger_than_an_open_one():
    small = Comparison("a", "b", Interval(0.0, -0.1, 0.1, 16, 0), 0.9, matters=1.0)
    assert grade([part(1.0), small]).verdict == "equal"
    assert grade([small, part(0.4)]).verdict == "undecided"


def test_nothing_measured_decides_nothing():
    assert UNMEASURED.verdict == "undecided"


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([1.0, 2.0], "reproduced"),
        ([1.0, 0.1], "undecided"),
        ([1.0, 0.1, -3.0], "contradicted"),
        ([9.0, -1.0], "contradicted"),
    ],
)
def test_all_parts_must_hold(values, verdict):
    assert grade([part(value) for value in values]).verdict == verdict


def test_the_weakest_part_has_the_smallest_difference():
    parts = [part(3.0), part(1.0, name="weak"), part(2.0)]
    made = grade(parts)
    assert made.weakest.better == "weak"
    assert made.parts == tuple(parts)


def test_the_weakest_part_bears_out_the_verdict():
    wide = part(-5.0, half=9.0, name="wide")
    made = grade([wide, part(-1.0, name="surely worse"), part(2.0)])
    assert made.verdict == "contradicted"
    assert made.weakest.better == "surely worse"


def test_a_part_that_was_not_measured_keeps_a_claim_undecided():
    made = grade([part(3.0), part(-0.1), UNMEASURED])
    assert made.verdict == "undecided"
    assert made.weakest == UNMEASURED
