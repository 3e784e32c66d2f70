"""Commands as a user gives them, on a tiny model saved in Stable Diffusion's folder layout."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from experiments.compare import command as compare
from experiments.edit import command as edit
from experiments.export import command as export
from experiments.jobs.command_line import for_people
from experiments.jobs.schema import register
from experiments.report import command as report
from experiments.reproduce import command as reproduce
from experiments.run import command as run
from experiments.run.compute import load_model
from experiments.search import command as search
from experiments.status import command as status
from experiments.store.cell import Cell
from experiments.sync import command as sync
from pti import Editor
from tests.e2e.desk import FEW_STEPS, Desk, smooth
from tests.tiny_world import save_model, words_of, write_pictures


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """A model folder with the plain files and the fp16 variant."""
    return save_model(tmp_path_factory.mktemp("tiny"))


@dataclass
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


@dataclass
class Workplace:
    """A folder with pictures, where commands are run."""

    folder: Path
    model: Path
    call: Callable[..., Outcome]

    def run(self, *overrides: str) -> Outcome:
        """``python -m experiments.run`` on the tiny model and this folder's pictures."""
        return self.call("run", *self.setting(), *overrides)

    def report(self, *words: str) -> Outcome:
        """``python -m experiments.report`` on this folder's results."""
        return self.call("report", f"results={self.folder / 'results'}", *words)

    def setting(self) -> list[str]:
        """Overrides that every run here needs."""
        return words_of(self.folder, self.model)

    def cell(self, experiment: str, name: str) -> Cell:
        """One cell's files."""
        setting = self.folder / "results" / experiment / "sd14-folder_pictures"
        return Cell.read(setting / "cells" / name)


QUICK = ("method=ddim,nti,pti_reconstruction", "method.invert.trace.steps=3")
"""Table 2 without its AE, which has no steps to shorten."""


@pytest.fixture
def call(monkeypatch, capfd):
    """Run a command in this process, as its ``__main__`` does."""

    def run_command(name: str, *words: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", [f"experiments/{name}.py", *words])
        load_model.cache_clear()  # a command's process starts without a model
        register()  # and with the resolvers of a run
        rooms = {
            "edit": edit,
            "export": export,
            "report": report,
            "reproduce": reproduce,
            "run": run,
        }
        modules = {"compare": compare, "search": search, "status": status, "sync": sync, **rooms}
        main = modules[name].main
        code = 0
        try:
            for_people(main)
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run_command


@pytest.fixture
def workplace(tmp_path, tiny_folder, call):
    """Three pictures with captions."""
    write_pictures(tmp_path / "pictures")
    return Workplace(tmp_path, tiny_folder, call)


@pytest.fixture
def desk(tmp_path, tiny_folder, call):
    desk = Desk(tmp_path, tiny_folder, call)
    desk.put(smooth(50, 40))
    return desk


@pytest.fixture
def make(tiny_folder):
    """Makes an ``Editor`` with the tiny model, and of few steps where its method has a name."""

    def editor(method: Any = "pti", **options: Any) -> Editor:
        usual: dict[str, Any] = {"settings": FEW_STEPS} if isinstance(method, str) else {}
        return Editor.from_pretrained(tiny_folder, method, **(usual | options))

    yield editor
    load_model.cache_clear()


@pytest.fixture
def editor(make) -> Editor:
    return make()
