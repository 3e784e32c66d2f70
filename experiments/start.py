"""Starts a command; its help needs nothing of what the command imports."""

import ast
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from data.command_line import finish, show_anywhere
from pti.errors import InputError

HERE = Path(__file__).parent
OPTIONAL = {"optuna": "search"}
"""Packages that only one command imports, and the extra of pyproject.toml that brings each."""


def start(command: str, stopped: str = "") -> None:
    """Run ``experiments.<command>.command``, or print its docstring for ``--help``.

    ``stopped`` is what becomes of the work after Ctrl-C.
    """
    if {"-h", "--help"} & set(sys.argv[1:]):
        show_anywhere(sys.stdout)
        finish(lambda: print(help_of(command)), stopped)  # noqa: T201
    # Threads that spin while they wait take the cores of the process they wait for; torch reads
    # this when it is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # NumPy's threads spin while they wait, whatever the policy.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from experiments.jobs.command_line import for_people  # after --help: it imports Hydra

    for_people(lambda: _main_of(command)(), stopped)


def _main_of(command: str) -> Callable[[], None]:
    try:
        return import_module(f"experiments.{command}.command").main
    except ModuleNotFoundError as error:
        if (extra := OPTIONAL.get(error.name or "")) is None:
            raise
        raise InputError(
            f"experiments.{command} needs the package {error.name}: "
            f"pip install -e '.[{extra}]' brings it"
        ) from error


def commands() -> list[str]:
    """The names of all commands."""
    return sorted(path.parent.name for path in HERE.glob("*/__main__.py"))


def help_of(command: str) -> str:
    """What a command does, and how it is called."""
    text = (HERE / command / "command.py").read_text("utf-8")
    return ast.get_docstring(ast.parse(text)) or ""
