"""Sweeps by joblib's processes, and in rounds."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import QUICK

pytestmark = [pytest.mark.e2e, pytest.mark.long]
REPOSITORY = Path(__file__).parents[2]
TABLE2 = ["experiment=table2", *QUICK, "batch_size=1"]


def run(place, *words):
    command = [sys.executable, "-m", "experiments.run", *place.setting(), *TABLE2, *words]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def table_of(place, results):
    assert place.call("report", "experiment=table2", f"results={results}").code == 0
    return (results / "table2/sd14-folder_pictures/report/table2.csv").read_bytes()


def test_processes_of_joblib_give_what_one_process_gives(workplace):
    done = run(workplace, "cluster=joblib", "cluster.processes=2", "shards=2")
    assert done.returncode == 0, done.stderr
    alone = workplace.folder / "alone"
    places = [f"results={alone}", f"cache={workplace.folder / 'fresh'}"]
    assert workplace.run(*TABLE2, *places).code == 0
    assert table_of(workplace, workplace.folder / "results") == table_of(workplace, alone)


def test_rounds_end_as_soon_as_nothing_is_missing(workplace):
    done = run(workplace, "method=ddim", "rounds=3")
    assert done.returncode == 0, done.stderr
    assert "round 1 of at most 3" in done.stderr
    assert "round 2" not in done.stderr


def test_what_is_missing_after_the_last_round_is_named(workplace):
    (workplace.folder / "pictures/1.png").write_text("no picture")
    done = run(workplace, "method=ddim", "rounds=2")
    assert done.returncode == 2
    assert "round 2 of at most 2" in done.stderr
    assert "after 2 rounds, 1 of 1 jobs are not whole: ddim" in done.stderr
    assert len(workplace.cell("table2", "ddim").done) == 2
