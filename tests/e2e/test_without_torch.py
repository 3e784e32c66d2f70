"""Commands that only read results answer without importing torch, which takes seconds."""

import subprocess
import sys

import pytest

from tests.e2e.conftest import QUICK
from tests.e2e.documents import REPOSITORY

PROGRAM = """
import sys
from importlib import import_module
command, *sys.argv[1:] = sys.argv[1:]
import_module(f"experiments.{command}.command").main()
print("imported:", *{"torch", "diffusers", "transformers"} & set(sys.modules))
"""


@pytest.mark.e2e
def test_status_report_and_compare_do_not_import_torch(workplace):
    run = ["experiment=table2", *QUICK, "method=ddim,vae", "limit=1"]
    assert workplace.run(*run).code == 0
    own = [word for word in workplace.setting() if not word.startswith("cache")]
    results = f"results={workplace.folder / 'results'}"
    for words in (
        ["status", *own, *run],
        ["report", "experiment=table2", results],
        ["compare", "ddim", "vae", "experiment=table2", results],
    ):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *words],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.splitlines()[-1:] == ["imported:"], done.stderr
