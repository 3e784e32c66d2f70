"""A sweep as an array on a real Slurm, disturbed in every way, gives what a plain run gives."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from experiments.files import read_lines
from tests.slurm.crash_node import crash_node
from tests.tiny_world import save_model, words_of, write_pictures

pytestmark = pytest.mark.slurm
REPOSITORY = Path(__file__).parents[2]
SWEEP = [
    "experiment=table2",
    "method=ddim,pti_reconstruction",
    "method.invert.trace.steps=25",
]
CELLS = ("ddim", "pti")
PICTURES = 16
CLUSTER = ["cluster=slurm", "cluster.partition=gpu", "cluster.cpus=1", "shards=4", "rounds=3"]


@pytest.fixture
def world(tmp_path):
    write_pictures(tmp_path / "pictures", PICTURES)
    return words_of(tmp_path, save_model(tmp_path / "model"))


def command(*words):
    return [sys.executable, "-m", "experiments.run", *words]


def table(results):
    report = [sys.executable, "-m", "experiments.report", "experiment=table2", f"results={results}"]
    subprocess.run(report, cwd=REPOSITORY, check=True, capture_output=True)
    (path,) = results.glob("table2/*/report/table2.csv")
    return path.read_bytes()


def lines(results, cell):
    return read_lines(results / f"table2/sd14-folder_pictures/cells/{cell}/records.jsonl")


def wait_until(true, seconds=90):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.2)


def worker_of(task):
    """The process of an array's task; 0 where it has none yet."""
    array, number = task.split("_")
    wanted = {f"SLURM_ARRAY_JOB_ID={array}".encode(), f"SLURM_ARRAY_TASK_ID={number}".encode()}
    for process in Path("/proc").iterdir():
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        # srun has the words, too, as its own.
        if wanted <= set(environment) and b"python" in words[0] and b"-m" in words:
            return int(process.name)
    return 0


def test_a_disturbed_array_gives_the_bytes_of_a_plain_run(slurm, world, tmp_path):
    results = tmp_path / "results"
    log = tmp_path / "driver.log"
    with log.open("w") as stream:
        driver = subprocess.Popen(
            command(*SWEEP, *world, *CLUSTER), cwd=REPOSITORY, env=slurm.environment, stderr=stream
        )
    wait_until(lambda: len(slurm.running()) == 4)
    requeued, killed, _, _ = sorted(slurm.running())
    wait_until(lambda: worker_of(killed))
    slurm("scontrol", "requeue", requeued)
    os.kill(worker_of(killed), signal.SIGKILL)
    wait_until(lambda: any(lines(results, cell) for cell in CELLS))
    urgent = ["--partition=urgent", "--gres=gpu:2", "--output=/dev/null", "--wrap=sleep 2"]
    slurm("sbatch", *urgent)
    wait_until(lambda: "PREEMPTED" in slurm.states() or "REQUEUED" in slurm.states())
    wait_until(lambda: "n2" in slurm.running().values())
    crash_node(slurm.state, "n2")
    wait_until(lambda: "down" in slurm("sinfo", "--noheader", "--nodes=n2", "--format=%T"))
    slurm("/usr/sbin/slurmd", "-N", "n2", "-f", str(slurm.state / "slurm.conf"))

    assert driver.wait(timeout=240) == 0, log.read_text()
    assert "pti, shard 4/4" in log.read_text()
    (tmp_path / "states").write_text(" ".join(slurm.states()) + log.read_text())
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
    short = [*SWEEP[:2], "method.invert.trace.steps=2", *world, *CLUSTER[:-1]]
    done = subprocess.run(
        command(*short),
        cwd=REPOSITORY,
        env=slurm.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "2 of 8 jobs failed, the others have ended" in done.stderr
    assert "its log: " in done.stderr
    log = done.stderr.partition("its log: ")[2].split(". ")[0]
    assert Path(log).is_file()
    for cell in CELLS:
        states = Counter(line["status"] for line in lines(tmp_path / "results", cell))
        assert states == {"done": PICTURES - 1, "failed": 1}


def test_without_accounting_nothing_is_submitted(world, tmp_path):
    empty = os.environ | {"PATH": str(tmp_path)}
    done = subprocess.run(
        command(*SWEEP, *world, *CLUSTER[:-1]),
        cwd=REPOSITORY,
        env=empty,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "sacct does not answer (it is not installed)" in done.stderr
