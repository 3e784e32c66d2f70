"""Each process gets a GPU of its own, and gives it back by ending."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from experiments.cluster.gpu_lease import lease
from pti.errors import InputError

REPOSITORY = Path(__file__).parents[2]
HOLD = """
import sys, time
from pathlib import Path
from experiments.cluster.gpu_lease import lease
print(lease(["a", "b"], Path(sys.argv[1])), flush=True)
time.sleep(600)
"""


@contextmanager
def holder(folder):
    """Another process that has leased a GPU: its index; killed at the end."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()


def test_processes_share_no_gpu_and_a_killed_one_frees_its_own(tmp_path):
    with holder(tmp_path) as second:
        with holder(tmp_path) as first:
            assert {first, second} == {0, 1}
            with pytest.raises(InputError, match="all 2 GPUs are held"):
                lease(["a", "b"], tmp_path)
        assert lease(["a", "b"], tmp_path) == first
