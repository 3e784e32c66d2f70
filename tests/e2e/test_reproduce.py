"""All tables by one command: each is run and reported, whatever becomes of the others."""

import pytest

from experiments.reproduce import command

pytestmark = pytest.mark.e2e
STEPS = "method.invert.trace.steps=2"


@pytest.fixture
def suite(workplace, monkeypatch):
    """A suite of Table 2 twice, and what the command leaves behind."""

    def run(*, second: tuple[str, ...]):
        one = ("experiment=table2", "method=ddim,nti", STEPS)
        monkeypatch.setitem(command.SUITES, "tables", (one, (*one, *second)))
        return workplace.call("reproduce", "tables", *workplace.setting(), "limit=1", "workers=1")

    return run


def test_each_experiment_is_run_and_reported(workplace, suite):
    ended = suite(second=("name=again",))
    assert ended.code == 0
    for name in ("table2", "again"):
        assert f"== experiment=table2 method=ddim,nti {STEPS}" in ended.out
        made = workplace.folder / "results" / name / "sd14-folder_pictures/report/report.html"
        assert made.exists()
        assert f"The whole report: {made}" in ended.out
    assert "Nothing was left to do" in suite(second=("name=again",)).out


def test_a_field_that_a_method_lacks_is_told(workplace, monkeypatch):
    monkeypatch.setitem(
        command.SUITES, "tables", (("experiment=table2", "method=ddim,nti", STEPS),)
    )
    field = "method.invert.iterations=1"
    ended = workplace.call(
        "reproduce", "tables", *workplace.setting(), "limit=1", "workers=1", field
    )
    assert ended.code == 0
    assert "method.invert.iterations is left out of ddim" in ended.err


def test_one_that_fails_stops_no_other(workplace, suite):
    (workplace.folder / "one").mkdir()
    (workplace.folder / "one/metadata.csv").write_text("file_name,text\ngone.png,a red star\n")
    ended = suite(second=("name=again", f"data.path={workplace.folder / 'one'}"))
    assert ended.code == 2
    assert "1 of 2 experiments failed, as said above" in ended.err
    assert "gone.png" in ended.err
    assert (workplace.folder / "results/table2/sd14-folder_pictures/report/table2.csv").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Say one of tables, figures, inversions"),
        (("table",), "Did you mean 'tables'?"),
        (("tables", "cluster=slurm"), "cluster=slurm: give that to python -m experiments.run"),
        (("tables", "--cfg"), "--cfg: give that"),
    ],
)
def test_what_it_does_not_take_is_one_sentence(call, words, says):
    ended = call("reproduce", *words)
    assert ended.code == 2
    assert says in ended.err
