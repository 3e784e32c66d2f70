"""Commands in a terminal that knows ASCII alone: nothing is lost, nothing ends in a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.long]
REPOSITORY = Path(__file__).parents[2]
ASCII = {
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "latin-1",
    "PYTHONUTF8": "0",
}
CAPTION = "un été → “ü” 一只"


def call(module, *words):
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=REPOSITORY,
        env=os.environ | ASCII,
        capture_output=True,
        encoding="latin-1",
        check=False,
    )


def test_every_command_works_in_ascii(workplace):
    metadata = workplace.folder / "pictures/metadata.csv"
    text = metadata.read_text("utf-8").replace("a red star on grass", CAPTION)
    metadata.write_text(text, "utf-8")
    words = [*workplace.setting(), "experiment=table2", "method=ddim,nti"]
    words += ["method.invert.trace.steps=2"]
    results = f"results={workplace.folder / 'results'}"
    for limit in (1, 3):
        ran = call("experiments.run", *words, f"limit={limit}")
        assert ran.returncode == 0, ran.stderr
    assert workplace.cell("table2", "nti").records["0.png"].caption == CAPTION
    for module, *more in (
        ("experiments.report", "experiment=table2", results),
        ("experiments.compare", "ddim", "nti", "experiment=table2", results),
        ("experiments.status", *words),
        ("data.doctor", "data=folder", f"data.path={workplace.folder / 'pictures'}"),
    ):
        done = call(module, *more)
        assert done.returncode == 0, done.stderr
        assert done.stdout


def test_a_name_that_the_terminal_can_t_spell_is_said(workplace):
    pictures = workplace.folder / "pictures"
    (pictures / "0.png").rename(pictures / "é.png")
    (pictures / "metadata.csv").unlink()
    line = json.dumps({"file_name": "é.png", "text": "a red star"})
    (pictures / "metadata.jsonl").write_text(line, "utf-8")
    words = [*workplace.setting(), "method=ddim", "method.invert.trace.steps=2", "cell=x"]
    assert workplace.run(*words).code == 0
    (cell,) = (workplace.folder / "results").rglob("cells/x")
    before = (cell / "records.jsonl").read_bytes()
    ran = call("experiments.run", *words)
    assert ran.returncode == 2
    assert "set PYTHONUTF8=1" in ran.stderr
    assert (cell / "records.jsonl").read_bytes() == before, "what is finished stays so"


def test_a_word_that_is_not_text_is_refused_before_the_work(workplace):
    named = os.fsencode(workplace.folder) + b"/\xe9.png"
    ran = subprocess.run(
        [sys.executable, "-m", "experiments.edit", b"image=" + named, "prompt=a blue star"],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 2
    assert b"is not text in UTF-8" in ran.stderr
