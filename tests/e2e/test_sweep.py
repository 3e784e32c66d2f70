"""What a sweep says, what it leaves out, and that it does nothing twice."""

import pytest

from experiments.jobs.plan import plan

pytestmark = pytest.mark.e2e
STEPS = "method.invert.trace.steps=2"


def test_a_sweep_ends_with_what_it_made_and_where_it_lies(workplace):
    words = ("experiment=table2", "method=vae,ddim", STEPS)
    first = workplace.run(*words)
    assert first.code == 0, first.err
    assert f"{STEPS.partition('=')[0]} is left out of vae, which has no such field" in first.err
    assert "6 pictures made:" in first.out
    rows = {line.split()[0]: line.split()[1:] for line in first.out.splitlines() if line}
    for cell in ("vae", "ddim"):
        scores = workplace.cell("table2", cell).scores.values()
        mean = sum(score.values["psnr[0,1]"] for score in scores) / 3
        assert rows[cell] == ["3", "3", "–", f"{mean:.2f}"]
    results = workplace.folder / "results"
    assert f"Where they lie: {results / 'table2/sd14-folder_pictures/cells'}" in first.out
    command = first.out.rpartition("python -m experiments.report ")[2].split()
    assert workplace.call("report", *command).code == 0

    again = workplace.run(*words)
    assert "Nothing was left to do:" in again.out
    assert " left)" not in again.err


def test_a_field_that_no_method_has_is_refused(workplace):
    outcome = workplace.run("experiment=table2", "method=vae,ddim", "method.invert.trace.stps=2")
    assert outcome.code != 0
    assert outcome.err.startswith("error: there is no field 'method.invert.trace.stps'")
    assert not (workplace.folder / "results").exists()


def test_what_failed_in_several_cells_is_said_once_and_in_our_words(workplace):
    (workplace.folder / "pictures/0.png").write_bytes(b"no picture")
    outcome = workplace.run("experiment=table2", "method=ddim,nti", STEPS)
    assert outcome.code != 0
    assert "2 of 2 cells failed: 1 of 3 items failed in" in outcome.err
    assert "Error executing job" not in outcome.err
    assert "4 pictures made:" in outcome.out


def test_two_jobs_of_one_cell_are_refused_before_either_runs(workplace):
    outcome = workplace.run("experiment=table2", "method=vae", "seed=0,1")
    assert outcome.code == 2
    assert "would both write" in outcome.err
    assert "differ in seed (0 and 1)" in outcome.err
    assert not (workplace.folder / "results").exists()


def test_no_cell_is_run_twice():
    few = ["experiment=figure6", "method=pti,copy", "method.edit.mask.threshold=0.1"]
    cells = [cfg.cell for cfg in plan([*few, "method.edit.eta=1"])]
    assert cells == [
        "pti,eta=1,lr=0.1,threshold=0.1",
        "copy",
        "pti,eta=1,lr=0.05,threshold=0.1",
        "pti,eta=1,lr=0.01,threshold=0.1",
    ]
