"""A cell in parts, or by two runs at once, is the cell that one run makes."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.conftest import QUICK

pytestmark = [pytest.mark.e2e, pytest.mark.long]
REPOSITORY = Path(__file__).parents[2]
CELLS = ("ddim", "nti", "pti")


def table_of(place, *words):
    assert place.report("experiment=table2", *words).code == 0
    results = dict(word.split("=") for word in words).get("results", place.folder / "results")
    return (Path(results) / "table2/sd14-folder_pictures/report/table2.csv").read_bytes()


def whole(place):
    elsewhere = [f"results={place.folder / 'whole'}", f"cache={place.folder / 'fresh'}"]
    assert place.run("experiment=table2", *QUICK, "batch_size=1", *elsewhere).code == 0
    return table_of(place, elsewhere[0])


def lines(place, cell, name="records.jsonl"):
    folder = place.folder / "results/table2/sd14-folder_pictures/cells" / cell
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


@pytest.mark.parametrize("count", [2, 4])
def test_any_number_of_shards_gives_the_same_table(workplace, count):
    done = workplace.run("experiment=table2", *QUICK, "batch_size=1", f"shards={count}")
    assert done.code == 0, done.err
    for cell in CELLS:
        assert Counter(line["key"] for line in lines(workplace, cell)) == {
            "0.png": 1,
            "1.png": 1,
            "2.png": 1,
        }
    assert table_of(workplace) == whole(workplace)


def test_two_runs_at_once_make_each_picture_once(workplace):
    command = [sys.executable, "-m", "experiments.run", *workplace.setting()]
    command += ["experiment=table2", *QUICK, "batch_size=1", "method.invert.trace.steps=8"]
    both = [subprocess.Popen(command, cwd=REPOSITORY) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    for cell in CELLS:
        for name in ("records.jsonl", "scores.jsonl"):
            keys = sorted(line["key"] for line in lines(workplace, cell, name))
            assert keys == ["0.png", "1.png", "2.png"], name


def test_a_shard_that_is_none_is_refused(workplace):
    refused = workplace.run("experiment=table2", *QUICK, "shard=3/2")
    assert refused.code == 2
    assert "shard=1/4" in refused.err
