"""``data=pie_bench`` in a run: its tags and regions in the results, and types taken in turn."""

import numpy as np
import pytest
from PIL import Image

from data.opener import identity_of
from data.pie_bench import PieBench
from experiments.jobs.plan import plan
from experiments.store.cell import Cell
from experiments.store.open import cell_folder
from tests.pie_bench import write_pie_bench, write_pie_bench_pp

pytestmark = pytest.mark.e2e

COPY = ("method=copy", "goal=edit", "metrics=reconstruction")


@pytest.fixture
def place(workplace):
    write_pie_bench(workplace.folder / "pie", 3)
    return workplace


def run(place, *words):
    root = f"data.root={place.folder / 'pie'}"
    setting = [word for word in place.setting() if not word.startswith("data")]
    return place.call("run", *setting, "data=pie_bench", root, *COPY, *words)


def cell(place):
    (config,) = (place.folder / "results").glob("single/sd14-pie_bench/cells/*/config.yaml")
    return Cell.read(config.parent)


def test_records_have_the_tags_and_their_regions_lie_beside_them(place):
    assert run(place).code == 0
    made, tasks = cell(place), PieBench(str(place.folder / "pie"))
    assert made.done == {task.key for task in tasks}
    for task in tasks:
        record = made.records[task.key]
        assert record.tags == list(task.tags)
        assert record.words == list(task.words)
        assert task.region
        assert record.sources["region"] == identity_of(task.region)
        region = np.asarray(Image.open(made.region(task.key)))
        assert region.shape == (32, 32, 3)
        assert region[0].all()


def test_types_go_on_in_the_same_cell(place):
    assert run(place, "data.types=1,2").code == 0
    assert len(cell(place).records) == 2
    assert run(place, "data.types=1").code == 0
    assert len(cell(place).records) == 2
    outcome = run(place)
    assert outcome.code == 0, outcome.err
    made = cell(place)
    assert made.folder.name == "copy"
    assert len(made.done) == 3
    assert "1 picture made" in outcome.out


def test_types_name_no_cell_and_lists_of_them_are_jobs(place):
    setting = ["data=pie_bench", f"data.root={place.folder / 'pie'}", "method=copy"]
    (whole,) = plan(setting)
    jobs = plan([*setting, "data.types=[1],[2]"])
    assert [list(cfg.data.tasks.types) for cfg in jobs] == [[1], [2]]
    assert {cell_folder(cfg) for cfg in jobs} == {cell_folder(whole)}


def test_a_type_that_there_is_not_is_one_sentence(place):
    outcome = run(place, "data.types=1,11")
    assert outcome.code == 2
    assert "data.types has '11', which is not a type" in outcome.err
    outcome = run(place, "data.types=9")
    assert outcome.code == 2
    assert "has no item of 9 change style, but of 0 random, 1 change object" in outcome.err


def test_the_other_benchmark_runs_alike(place):
    write_pie_bench_pp(place.folder / "pp", 2)
    words = ("data=pie_bench_pp", f"data.root={place.folder / 'pp'}")
    setting = [word for word in place.setting() if not word.startswith("data")]
    assert place.call("run", *setting, *words, *COPY).code == 0
    folder = place.folder / "results/single/sd14-pie_bench_pp/cells/copy"
    tags = [record.tags for record in Cell.read(folder).records.values()]
    assert tags == [["0 random"], ["1 change object", "natural", "human"]]
