"""Starts a command; its help needs nothing of what the command imports."""

import ast
import sys
from importlib import import_module
from pathlib import Path

from data.command_line import finish, show_anywhere

HERE = Path(__file__).parent


def start(command: str, stopped: str = "") -> None:
    """Run ``experiments.<command>.command``, or print its docstring for ``--help``.

    ``stopped`` is what becomes of the work after Ctrl-C.
    """
    if {"-h", "--help"} & set(sys.argv[1:]):
        show_anywhere(sys.stdout)
        finish(lambda: print(help_of(command)), stopped)  # noqa: T201
    from experiments.jobs.command_line import for_people  # after --help: it imports Hydra

    for_people(lambda: import_module(f"experiments.{command}.command").main(), stopped)


def commands() -> list[str]:
    """The names of all commands."""
    return sorted(path.parent.name for path in HERE.glob("*/__main__.py"))


def help_of(command: str) -> str:
    """What a command does, and how it is called."""
    text = (HERE / command / "command.py").read_text("utf-8")
    return ast.get_docstring(ast.parse(text)) or ""
