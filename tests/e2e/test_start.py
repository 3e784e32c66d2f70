"""Every command says at once what it does."""

import subprocess
import sys
from pathlib import Path

import pytest

from experiments.start import commands, help_of

pytestmark = pytest.mark.e2e
REPOSITORY = Path(__file__).parents[2]
HEAVY = {"diffusers", "hydra", "matplotlib", "numpy", "omegaconf", "pandas", "torch"}


def say(*words):
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def test_help_imports_nothing_that_takes_seconds():
    program = (
        "import runpy, sys; sys.argv[1:] = ['--help']\n"
        "try: runpy.run_module('experiments.run', run_name='__main__')\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    said = say("-c", program)
    assert "python -m experiments.run experiment=table2" in said.stdout
    assert not HEAVY & set(said.stderr.split())


@pytest.mark.parametrize("command", commands())
def test_its_help_shows_how_it_is_called(command):
    assert f"python -m experiments.{command} " in help_of(command)


def test_all_commands_and_choices_are_listed():
    listed = say("-m", "experiments").stdout
    assert all(f"python -m experiments.{command} " in listed for command in commands())
    methods = say("-m", "experiments", "list", "methods").stdout.splitlines()
    files = {path.stem for path in (REPOSITORY / "configs/method").glob("*.yaml")}
    assert {line.split()[0].removeprefix("method=") for line in methods} == files
    assert all(len(line.split()) > 1 for line in methods)
    unknown = say("-m", "experiments", "list", "mehtods")
    assert (unknown.returncode, "Did you mean 'methods'?" in unknown.stderr) == (2, True)
