"""The examples of docs/extend.md, taken out of it and run from outside the repository."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from experiments.store.cell import Cell
from tests.e2e.documents import REPOSITORY, files

pytestmark = [pytest.mark.e2e, pytest.mark.long]


@pytest.fixture
def outside(tmp_path):
    """A folder with the document's files."""
    for name, content in files((REPOSITORY / "docs/extend.md").read_text("utf-8")).items():
        assert len(content.splitlines()) <= 40
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    return tmp_path


def run(outside, module, *words):
    path = f"hydra.searchpath=[file://{outside / 'my_configs'}]"
    return subprocess.run(
        [sys.executable, "-m", f"experiments.{module}", *words, path],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(outside)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_method_gets_its_row_and_is_our_negative_prompt_inversion(outside, workplace):
    few = [*workplace.setting(), "experiment=table2", "method.invert.trace.steps=4"]
    done = run(outside, "run", *few, "method=caption_as_null,negative_prompt")
    assert done.returncode == 0, done.stderr
    cells = [workplace.cell("table2", name) for name in ("caption_as_null", "negative_prompt")]
    for key in cells[0].records:
        pictures = [Image.open(cell.folder / "images" / f"{key}.png") for cell in cells]
        first, second = (np.asarray(picture) for picture in pictures)
        np.testing.assert_array_equal(first, second)
    reported = workplace.report("experiment=table2")
    assert "caption_as_null" in reported.out


@pytest.mark.parametrize("method", ["caption_as_null", "residuals"])
def test_the_method_conforms(outside, method):
    done = run(outside, "conformance", f"method={method}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout


def test_changing_the_file_mixes_nothing(outside, workplace):
    few = [*workplace.setting(), "experiment=table2", "method.invert.trace.steps=4"]
    few += ["method=caption_as_null"]
    assert run(outside, "run", *few, "limit=1").returncode == 0
    method = outside / "my_methods.py"
    method.write_text(method.read_text().replace("return Inversion(path", "return Inversion(-path"))
    refused = run(outside, "run", *few, "limit=2")
    assert refused.returncode == 2
    assert "other code (my_methods changed since)" in refused.stderr
    again = run(outside, "run", *few, "limit=1", f"results={workplace.folder / 'again'}")
    assert again.returncode == 0, again.stderr
    (cell,) = (workplace.folder / "again").rglob("cells/caption_as_null")
    (record,) = Cell.read(cell).records.values()
    assert record.spent["sample.forward"] > 0, "an inversion of the old code was taken"


def test_a_method_can_be_named_by_its_class_alone(outside, workplace):
    words = ["method=direct", "method.invert._target_=my_methods.CaptionAsNull"]
    few = [*workplace.setting(), "method.invert.trace.steps=4", "limit=1", "cell=mine"]
    done = run(outside, "run", *few, *words)
    assert done.returncode == 0, done.stderr
    folder = workplace.folder / "results/single/sd14-folder_pictures/cells/mine"
    assert len(Cell.read(folder).done) == 1


def test_a_metric_a_figure_and_a_data_set_are_added_to_results_that_are_there(outside, workplace):
    model = [word for word in workplace.setting() if not word.startswith("data")]
    words = [*model, "experiment=table2", "method=vae", "data=swatches"]
    assert run(outside, "run", *words).returncode == 0
    folder = workplace.folder / "results/table2/sd14-swatches/cells/vae"
    before = Cell.read(folder)
    assert set(before.done) == {"red", "green", "blue"}
    assert "sharpness@3" not in before.scores["red"].values

    done = run(outside, "run", *words, "metrics=sharp", "layout@report=histogram")
    assert done.returncode == 0, done.stderr
    assert "No picture was left to make; scores were made anew" in done.stdout
    after = Cell.read(folder)
    assert after.records == before.records
    assert after.scores["red"].values.items() > before.scores["red"].values.items()

    reported = subprocess.run(
        [sys.executable, "-m", "experiments.report", "experiment=table2", "data=swatches",
         f"results={workplace.folder / 'results'}"],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(outside)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert reported.returncode == 0, reported.stderr
    report = workplace.folder / "results/table2/sd14-swatches/report"
    assert "sharpness@3" in (report / "table2.csv").read_text()
    assert (report / "table2-histogram.png").is_file()
