"""A sweep as an array on a real Slurm, disturbed in every way, gives what a plain run gives."""

import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

from experiments.store.atomic import read_lines
from tests.slurm.cluster import wait_until
from tests.tiny_world import save_model, words_of, write_pictures

pytestmark = pytest.mark.slurm
REPOSITORY = Path(__file__).parents[2]
SWEEP = [
    "experiment=table2",
    "method=pti_reconstruction,ddim",
    "method.invert.trace.steps=15",
]
CELLS = ("ddim", "pti")
PICTURES = 16
CLUSTER = ["cluster=slurm", "cluster.partition=gpu", "cluster.cpus=1"]


@pytest.fixture
def world(tmp_path):
    write_pictures(tmp_path / "pictures", PICTURES)
    return words_of(tmp_path, save_model(tmp_path / "model"))


def command(*words):
    return [sys.executable, "-m", "experiments.run", *words]


@contextmanager
def driven(slurm, *words, **streams):
    """A sweep that is submitted to the cluster; it does not outlive the test."""
    words = command(*words)
    with subprocess.Popen(words, cwd=REPOSITORY, env=slurm.environment, **streams) as driver:
        try:
            yield driver
        finally:
            driver.kill()


def table(results):
    report = [sys.executable, "-m", "experiments.report", "experiment=table2", f"results={results}"]
    subprocess.run(report, cwd=REPOSITORY, check=True, capture_output=True)
    (path,) = results.glob("table2/*/report/table2.csv")
    return path.read_bytes()


def lines(results, cell):
    return read_lines(results / f"table2/sd14-folder_pictures/cells/{cell}/records.jsonl")


def test_a_disturbed_array_gives_the_bytes_of_a_plain_run(slurm, world, tmp_path):
    results = tmp_path / "results"
    log = tmp_path / "driver.log"
    words = [*SWEEP, *world, *CLUSTER, "shards=4", "rounds=3"]
    with log.open("w") as stream, driven(slurm, *words, stderr=stream) as driver:
        wait_until(lambda: len(slurm.workers()) == 4, instead=log.read_text)
        assert {
            (process.environment["SLURMD_NODENAME"], process.environment["CUDA_VISIBLE_DEVICES"])
            for process in slurm.workers().values()
        } == {("n1", "0"), ("n1", "1"), ("n2", "0"), ("n2", "1")}

        slurm.requeue(*slurm.held())
        slurm.kill(slurm.held()[1])
        slurm.preempt(slurm.held()[1])
        slurm.crash(slurm.held()[1])

        # By hand, beside the array.
        subprocess.run(command(*SWEEP, *world), cwd=REPOSITORY, check=True)
        assert driver.wait(timeout=240) == 0, log.read_text()
    assert "pti, shard 4/4" in log.read_text()
    for cell in CELLS:
        done = [line["key"] for line in lines(results, cell) if line["status"] == "done"]
        assert Counter(done) == {f"{index}.png": 1 for index in range(PICTURES)}

    plain = tmp_path / "plain"
    places = [f"results={plain}", f"cache={tmp_path / 'fresh'}"]
    subprocess.run(command(*SWEEP, *world, *places), cwd=REPOSITORY, check=True)
    assert table(results) == table(plain)


def test_a_job_that_fails_for_good_is_named_with_its_log_when_the_others_have_ended(
    slurm, world, tmp_path
):
    (tmp_path / "pictures/3.png").write_text("no picture")
    short = [*SWEEP[:2], "method.invert.trace.steps=2", *world, *CLUSTER, "shards=2"]
    with driven(slurm, *short, stderr=subprocess.PIPE, text=True) as driver:
        wait_until(lambda: len(slurm.workers()) == 4)
        workers = slurm.workers()
        slurm.kill(workers[max(workers)])
        _, said = driver.communicate(timeout=120)

    assert driver.returncode == 2
    assert "2 of 4 jobs failed, the others have ended" in said
    log = said.partition("its log: ")[2].split(". ")[0]
    assert Path(log).is_file()
    for cell in CELLS:
        states = Counter(line["status"] for line in lines(tmp_path / "results", cell))
        assert states == {"done": PICTURES - 1, "failed": 1}
    # By itself alone, though the last task has the array's number for its job's. A job's last state
    # reaches the accounting after its result.
    wait_until(lambda: "RUNNING" not in slurm.states())
    assert Counter(slurm.states()) == {"COMPLETED": 4, "REQUEUED": 1}


def test_without_accounting_nothing_is_submitted(world, tmp_path):
    empty = os.environ | {"PATH": str(tmp_path)}
    done = subprocess.run(
        command(*SWEEP, *world, *CLUSTER),
        cwd=REPOSITORY,
        env=empty,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "sacct does not answer (it is not installed)" in done.stderr
