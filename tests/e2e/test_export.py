"""Results out by command, and in again."""

import pytest

from data.folder import Folder

pytestmark = pytest.mark.e2e


@pytest.fixture
def exported(workplace):
    """Exports what a run made of three pictures."""
    assert workplace.run("method=vae,copy").code == 0
    results = f"results={workplace.folder / 'results'}"

    def call(*words):
        out = f"out={workplace.folder / 'out'}"
        return workplace.call("export", out, "experiment=single", results, *words)

    return call


def test_a_folder_is_a_data_set_here(workplace, exported):
    outcome = exported("to=folder")
    assert outcome.code == 0, outcome.err
    out = workplace.folder / "out"
    assert f"wrote 6 pictures of 2 cells: {out}" in outcome.out
    tasks = list(Folder(str(out)))
    assert [task.key for task in tasks][:2] == ["copy__0.png.png", "copy__1.png.png"]
    record = workplace.cell("single", "copy").records["0.png"]
    assert tasks[0].caption == record.target
    assert tasks[0].target is None
    assert tasks[0].open().size == (32, 32)
    assert {path.name for path in out.iterdir()} == {
        *("copy", "copy.yaml", "vae", "vae.yaml", "inputs", "metadata.jsonl"),
    }


def test_what_was_exported_is_imported_with_the_same_scores(workplace, exported):
    assert exported("to=folder", "method=vae").code == 0
    outcome = workplace.run("method=imported", f"method.path={workplace.folder / 'out/vae'}")
    assert outcome.code == 0, outcome.err
    own, imported = (workplace.cell("single", name) for name in ("vae", "imported_vae"))
    assert len(imported.done) == 3
    for key, score in imported.scores.items():
        assert score.values == own.scores[key].values


def test_the_other_forms_are_written_and_never_over_anything(workplace, exported):
    out = workplace.folder / "out"
    out.mkdir()
    outcome = exported("to=hub_card", "method=vae")
    assert outcome.code == 0, outcome.err
    assert {path.name for path in out.iterdir()} == {"README.md", "results.parquet", "vae.yaml"}
    outcome = exported("to=parquet")
    assert outcome.code == 2
    assert "is there and not empty: name a new folder" in outcome.err


def test_what_can_t_be_is_one_sentence_and_leaves_nothing(workplace, exported):
    for words, says in {
        "to=pnpinversion": "has 32 by 32 pixels and PnPInversion's evaluator knows 512 by 512",
        "to=foldr": "to=foldr is unknown. Did you mean 'folder'? There are pnpinversion",
        "to=": "to is not set",
        "to=folder files=jpeg": "files=jpeg is for to=pnpinversion alone",
        "to=pnpinversion files=gif": "files=gif is unknown: there are png and jpeg",
        "to=folder method=vea": "no method=vea. Did you mean 'vae'? There are copy, vae",
        "to=folder experiment=table2": "no results of experiment 'table2'",
    }.items():
        outcome = exported(*words.split())
        assert (outcome.code, "Traceback" in outcome.err) == (2, False)
        assert says in outcome.err
    left = {path.name for path in workplace.folder.iterdir()}
    assert left == {"pictures", "results", "cache"}
