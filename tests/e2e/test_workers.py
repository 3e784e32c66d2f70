"""Several processes for one cell: the same pictures, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from experiments.run.workers import DeadWorkerError, submit

pytestmark = [pytest.mark.e2e, pytest.mark.long]
REPOSITORY = Path(__file__).parents[2]
TWO = ["method=pti_reconstruction", "name=single", "cell=pti", "workers=2"]


def run(place, *words):
    """In a process of its own, whose workers end with it."""
    command = [sys.executable, "-m", "experiments.run", *place.setting(), *words]
    return subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True)


def test_two_processes_make_what_one_does(workplace):
    few = "method.invert.trace.steps=2"
    assert run(workplace, *TWO, few).wait() == 0
    two = workplace.cell("single", "pti")
    alone = ["workers=1", f"results={workplace.folder / 'one'}", f"cache={workplace.folder / 'c'}"]
    assert workplace.run(*TWO[:3], few, *alone).code == 0
    one = workplace.folder / "one/single/sd14-folder_pictures/cells/pti"
    for key, record in two.records.items():
        assert record.calls == {"trace.forward": 2, "tune.forward": 14, "tune.backward": 10}
        pictures = [Image.open(folder / record.image) for folder in (two.folder, one)]
        apart = np.abs(np.subtract(*(np.asarray(picture, int) for picture in pictures))).max()
        assert apart <= 1, f"{key}: batches are of other sizes, where sums round otherwise"


def test_workers_end_with_a_run_that_is_killed(workplace):
    process = run(workplace, *TWO, "method.invert.trace.steps=50")
    while not (children := children_of(process.pid)) and process.poll() is None:
        time.sleep(0.05)
    time.sleep(3)
    children = children_of(process.pid) or children
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 60
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert children
    assert not any(map(alive, children))


def children_of(pid):
    tasks = Path(f"/proc/{pid}/task")
    if not tasks.exists():
        pytest.skip("there is no /proc here to look for processes in")
    return [
        int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()
    ]


def alive(pid):
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


class Dies:
    """Ends its worker, once the file ``after`` is there."""

    def __init__(self, after: Path):
        self.after = after

    def __call__(self, *_):
        while not self.after.exists():
            time.sleep(0.05)
        os._exit(1)


class EndsAtTheSecondTry:
    """Tells by a file that it works, and would work for an hour; a further try ends at once."""

    def __init__(self, begun: Path):
        self.begun = begun

    def __call__(self, opened):
        if not self.begun.exists():
            self.begun.touch()
            time.sleep(3600)
        return opened


def test_what_kills_its_worker_ends_alone(tmp_path, caplog):
    """Two killers in a row take along a batch that lives, and then its new workers."""
    begun = tmp_path / "begun"
    computations: Any = [Dies(begun), EndsAtTheSecondTry(begun)]
    dies, lives = (submit(one, [], 2) for one in computations)
    with pytest.raises(DeadWorkerError, match="want of memory"):
        dies()
    again: Any = Dies(begun)
    dies = submit(again, [], 2)
    assert lives() == []
    with pytest.raises(DeadWorkerError):
        dies()
    assert len(caplog.messages) == 3
