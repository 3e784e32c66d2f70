"""Runs say the same mask as PIE-Bench's own loop, and what can't be runs is named."""

import numpy as np
import pytest

from data.rle import decode, encode, with_border
from pti.errors import InputError

SIDE = 8


def plainly(runs, side):
    """As PIE-Bench's evaluation has it, written out: runs are cut at the end, then the border."""
    flat = np.zeros(side * side)
    for index in range(0, len(runs), 2):
        for offset in range(min(runs[index + 1], side * side - runs[index])):
            flat[runs[index] + offset] = 1
    mask = flat.reshape(side, side)
    mask[0, :] = mask[-1, :] = 1
    mask[:, 0] = mask[:, -1] = 1
    return mask.astype(bool)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_what_was_encoded_is_decoded(share):
    mask = np.random.default_rng(0).random((SIDE, SIDE)) < share
    runs = encode(mask)
    assert all(type(number) is int for number in runs)
    assert np.array_equal(decode(runs, SIDE, "a"), mask)


def test_runs_are_the_fewest():
    mask = np.zeros((2, 2), dtype=bool)
    mask[0, 1] = mask[1, 0] = True
    assert encode(mask) == [1, 2]


@pytest.mark.parametrize(
    "runs",
    [
        [],
        [0, 64],
        [9, 3, 20, 1],
        [20, 1, 9, 3],
        [9, 5, 11, 1, 12, 9],
        [9, 0, 30, 2],
        [60, 4],
        [60, 5],
        [60, 10**30],
    ],
)
def test_parity_with_the_loop_of_its_authors(runs):
    assert np.array_equal(with_border(decode(runs, SIDE, "a")), plainly(runs, SIDE))


def test_random_runs_overlap_alike():
    rng = np.random.default_rng(1)
    for _ in range(50):
        runs = rng.integers(0, 64, size=2 * int(rng.integers(6))).tolist()
        assert np.array_equal(with_border(decode(runs, SIDE, "a")), plainly(runs, SIDE))


def test_the_border_is_one_pixel_and_leaves_its_mask_alone():
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    framed = with_border(mask)
    assert framed.sum() == 4 * (SIDE - 1)
    assert not framed[1:-1, 1:-1].any()
    assert not mask.any()


@pytest.mark.parametrize(
    ("runs", "says"),
    [
        ([1, 2, 3], "has 3 numbers, of which the last has no length"),
        ([1, 2.0], "has 2.0, which is not a whole number"),
        (["1", 2], "has '1', which is not a whole number"),
        ([True, 2], "has True, which is not a whole number"),
        ([None, 2], "has None, which is not a whole number"),
        ([1, -2], "has a run of length -2"),
        ([-1, 2], "has a run from -1, where only 0 to 63 are"),
        ([64, 0], "has a run from 64, where only 0 to 63 are"),
    ],
)
def test_what_can_not_be_runs_is_named(runs, says):
    with pytest.raises(InputError, match=f"^f.json, item 7: mask {says}: write pairs of start and"):
        decode(runs, SIDE, "f.json, item 7")
