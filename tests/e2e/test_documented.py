"""Each command that README and docs print works as printed."""

import json
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image

from data.imagenet_flexit import read_queries
from experiments.jobs import plan as planning
from experiments.jobs.plan import plan
from pti.diffusion.load import from_pretrained
from pti.diffusion.model import LatentDiffusion
from tests.e2e.documents import DOCUMENTS, REPOSITORY, Command, commands, files

pytestmark = pytest.mark.e2e
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)

STAND_INS = {"weights", "COCO", "ImageNet"}
ABSENT = {"Inception", "PIE-Bench", "Slurm", "a network", "hours"}
"""What commands need, as documents say it: what the tests have a stand-in for, and what not."""
NEEDS = {
    "model=sd14": "weights",
    "data=coco": "COCO",
    "data=imagenet_flexit": "ImageNet",
    "data=pie_bench": "PIE-Bench",
    "experiment=pie_bench": "PIE-Bench",
    "cluster=slurm": "Slurm",
}
"""What a document must say of a run that has such a word."""
SHORTER = {
    "experiments.run": ["limit=1"],
    "experiments.status": ["limit=1"],
    "experiments.search": ["limit=1", "trials=2"],
    "tests.soak": ["kills=1"],
}
"""Words that the tests add."""


def typed(document: Path, folder: Path, monkeypatch) -> Iterator[tuple[Command, list[str]]]:
    """The document's commands one by one, in ``folder``, where its files and variables are."""
    text = document.read_text("utf-8")
    for name, content in files(text).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PWD", str(folder))
    monkeypatch.syspath_prepend(folder)
    for command in commands(text):
        words = command.words()
        name, equals, value = words[-1].partition("=")
        if words[0] == "export" or (equals and len(words) == 1):
            monkeypatch.setenv(name, value)
        else:
            yield command, words


@pytest.mark.usefixtures("one_a_method")
@each_document
def test_every_command_can_be_typed(document, tmp_path, monkeypatch, subtests):
    for command, words in typed(document, tmp_path, monkeypatch):
        with subtests.test(command.line):
            assert command.needs <= STAND_INS | ABSENT
            check(command, words)


def check(command, words):
    match words:
        case ["python" | ".venv/bin/python", "-m", module, *rest]:
            assert find_spec(module)
            if module == "experiments.run":
                assert {need for word, need in NEEDS.items() if word in rest} <= command.needs
            if module in ("experiments.run", "experiments.status", "experiments.conformance"):
                assert plan(rest)
        case ["make", *_]:
            subprocess.run([*words, "-n"], cwd=REPOSITORY, check=True, capture_output=True)
        case ["pip", "install", "-e", extra]:
            project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
            assert extra[2:-1] in project["optional-dependencies"]
        case ["source", path] | [path, "install"]:
            assert path.startswith(".venv/bin/")
            assert Path(sys.executable).with_name(Path(path).name).exists()
        case _:
            pytest.fail("the test does not know such a command")


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
@pytest.mark.usefixtures("one_a_method", "few_steps", "random_sd14", "coco", "imagenet")
@each_document
def test_every_command_runs(document, tmp_path, monkeypatch, subtests, tiny_folder):
    for command, words in typed(document, tmp_path, monkeypatch):
        with subtests.test(command.line):
            if absent := command.needs & ABSENT:
                pytest.skip(f"needs {' and '.join(sorted(absent))}")
            if words[0] == "python":
                more = [f"model.path={tiny_folder}"] if "weights" in command.needs else []
                flags = [word for word in words if word == "--watch"]
                words = [word for word in words if word not in flags]
                words += [*SHORTER.get(words[2], []), *more, *flags]
                monkeypatch.setattr(sys, "argv", words[2:])
                assert run(words[2]) == 0


def run(module: str) -> int | str:
    """``python -m``, in this process; its exit code."""
    if module == "data.scenes.render":
        # Run again in one process, its classes would be taken for those of the first run.
        return subprocess.run([sys.executable, "-m", module, *sys.argv[1:]], check=False).returncode
    try:
        runpy.run_module(module, run_name="__main__")
    except SystemExit as stop:
        return stop.code or 0
    return 0


@pytest.fixture
def one_a_method(monkeypatch):
    """Of each sweep, one cell a method."""
    split = planning.BasicSweeper.split_arguments

    def shorter(overrides, max_batch_size):
        (jobs,) = split(overrides, max_batch_size)
        methods = {next(word for word in job if word.startswith("method=")): job for job in jobs}
        return [list(methods.values())]

    monkeypatch.setattr(planning.BasicSweeper, "split_arguments", staticmethod(shorter))


@pytest.fixture
def few_steps(monkeypatch):
    schedule = LatentDiffusion.schedule

    def few(model, steps, ratio, offset=None):
        return schedule(model, min(steps, 3), ratio, offset)

    monkeypatch.setattr(LatentDiffusion, "schedule", few)


@pytest.fixture
def random_sd14(monkeypatch, tiny_folder):
    """A tiny model in place of the large one with random weights."""

    def tiny(*, device, precision, dtype, seed):
        del dtype, seed
        return from_pretrained(str(tiny_folder), device=device, precision=precision)

    monkeypatch.setattr("pti.diffusion.random_model.random_sd14", tiny)


@pytest.fixture
def coco(tmp_path, monkeypatch):
    """COCO's captions file for as many pictures as are drawn, which a server has."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format, *args):  # noqa: A002 (the name that it has there)
            pass

    monkeypatch.setenv("no_proxy", "*")
    (tmp_path / "web").mkdir()
    (tmp_path / "coco/annotations").mkdir(parents=True)
    handler = partial(Quiet, directory=tmp_path / "web")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        images = [
            {"id": n, "file_name": f"{n}.png", "coco_url": f"{address}/{n}.png"} for n in range(128)
        ]
        for image in images:
            Image.effect_noise((40, 40), 80).save(tmp_path / "web" / image["file_name"])
        captions = [{"id": n, "image_id": n, "caption": f"picture {n}"} for n in range(128)]
        content = {"images": images, "annotations": captions}
        file = tmp_path / "coco/annotations/captions_val2017.json"
        file.write_text(json.dumps(content), "utf-8")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def imagenet(tmp_path):
    """A picture of each query, also to train on."""
    for query in read_queries():
        for part in ("val", "train"):
            path = tmp_path / "imagenet" / part / query.path
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (2, 2)).save(path, format="PNG")
