"""A reader that goes away and Ctrl-C end a command in silence, or in one line."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.long]
REPOSITORY = Path(__file__).parents[2]


def begin(module, *words):
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("module", "words"),
    [("experiments.edit", ["--help"]), ("data.doctor", ["data=scenes", "size=2"])],
)
def test_a_reader_that_has_gone_is_no_error(module, words):
    with begin(module, *words) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.close()
        said = command.stderr.read()
    assert command.returncode == 128 + signal.SIGPIPE
    assert "error" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_run_says_that_it_goes_on_and_does(workplace, workers):
    words = [*workplace.setting(), "method=pti_reconstruction", "cell=x", "batch_size=1"]
    words += [f"workers={workers}"]
    with begin("experiments.run", *words) as command:
        records = workplace.folder / "results/single/sd14-folder_pictures/cells/x/records.jsonl"
        while not records.exists():
            assert command.poll() is None
            time.sleep(0.05)
        os.killpg(command.pid, signal.SIGINT)  # as a terminal does
        _, said = command.communicate()
    assert command.returncode == 128 + signal.SIGINT
    assert "stopped: the same command goes on where this one was" in said
    assert "Traceback" not in said
    assert workplace.run(*words).code == 0
