"""One rule decides a comparison, whoever asks; and what has no number is said in words."""

import math

import numpy as np
import pytest

from eval.quantity import PSNR
from experiments.compare.command import compare, table_of
from experiments.report.verdicts import grade_claims
from experiments.store.cell import Cell
from tests.unit.synthetic import KEYS, write_cell
from tests.unit.test_summary import summary_of

SURE = [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]
SPLIT = [1.0, 1.0, 1.0, 1.0, 1.0, -0.2]
"""Its interval is above 0, but 4 of 64 choices of signs reach its mean: p = 0.0625."""


@pytest.fixture
def pair(tmp_path):
    """Two cells of Table 2 whose PSNR differs by the given values, and what they come to."""

    def made(differences):
        keys = KEYS[: len(differences)]
        base = np.full(len(keys), 20.0)
        added = base + np.array(differences)
        for method, values in (("nti", base), ("pti", added)):
            write_cell(tmp_path, "table2", method, dict(zip(keys, values.tolist(), strict=True)))
        summary = summary_of(tmp_path, "table2")
        nti, pti = (cell for cell in summary.measured if isinstance(cell, Cell))
        return compare(pti, nti, PSNR), grade_claims(summary)[0]

    return made


@pytest.mark.parametrize(
    ("differences", "p", "verdict"),
    [
        (SURE, 2 / 64, "reproduced"),
        ([-d for d in SURE], 2 / 64, "contradicted"),
        (SPLIT, 4 / 64, "undecided"),
        (SURE[:5], 2 / 32, "undecided"),
        ([0.05, -0.05] * 3, 1.0, "equal"),
        ([0.0] * 5, 1.0, "undecided"),
    ],
)
def test_the_command_and_the_claims_decide_alike(pair, differences, p, verdict):
    compared, claim = pair(differences)
    assert compared.p == pytest.approx(p)
    assert claim.grade.verdict == verdict
    assert (compared.more() == "decided") == (verdict in ("reproduced", "contradicted"))


def test_an_interval_above_0_alone_decides_nothing(pair):
    compared, _ = pair(SPLIT)
    assert compared.interval.low > 0
    assert compared.more() == "1"


@pytest.mark.parametrize(
    ("differences", "shown"),
    [
        (
            [2.0] * 6,
            ["+2.00 [+2.00, +2.00]", "6", "0.031", "all differ alike", "100%", "decided", "narrow"],
        ),
        ([0.0] * 6, ["+0.00 [+0.00, +0.00]", "6", "1", "no difference", "0%", "–", "narrow"]),
        ([1.0], ["+1.00", "1", "1", "–", "100%", "–", "–"]),
        ([math.inf], ["not measured", "0 (1 undefined)", "–", "–", "–", "–", "–"]),
        ([1.0, 2.0, math.nan], ["+1.50 [", "2 (1 undefined)", "0.5", "+2.12", "100%", "4", "191"]),
    ],
)
def test_what_has_no_number_is_said_in_words(pair, differences, shown):
    compared, _ = pair(differences)
    (row,) = table_of(("pti", "nti"), [compared]).rows
    said = [f"{entry.text} {entry.detail}".strip() for entry in row[1:]]
    assert said[0].startswith(shown[0])
    assert said[1:] == shown[1:]
