"""Pairs as a user runs them: the grid shares inversions, and every method is shown."""

import pytest

from experiments.store.cell import Cell

FEW = ("data=scenes_edit", "limit=2", "method.invert.trace.steps=5", "workers=1")


@pytest.mark.e2e
def test_editors_share_the_inversion_and_the_report_has_the_grid(call, tmp_path):
    where = (f"results={tmp_path / 'results'}", f"cache={tmp_path / 'cache'}")
    words = ("experiment=grid", "method=target,p2p,pnp", "inversion=pti", *FEW, *where)
    done = call("run", *words)
    assert done.code == 0, done.err
    cells = tmp_path / "results/grid/scenes-scenes_edit/cells"
    spent = [spent_in(cells / f"{name},inversion=pti") for name in ("p2p", "pnp")]
    assert not any({"trace.forward", "tune.backward"} & one.keys() for one in spent)
    reported = call("report", "experiment=grid", where[0])
    assert reported.code == 0, reported.err
    page = (cells.parent / "report/grid.md").read_text("utf-8")
    assert "| inversion | P2P | Plug-and-Play | target prompt |" in page
    assert (cells.parent / "report/grid-heatmap.png").exists()
    assert (cells.parent / "report/grid-gallery.png").exists()


def spent_in(folder):
    """The UNet calls that the second of two editors made itself, by stage."""
    (first, *_) = Cell.read(folder).records.values()
    return first.spent


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("method=pti", "inversion=nti"), "choose a pair, such as method=p2p"),
        (("method=p2p", "inversion=nte"), "Did you mean 'nti'"),
        (("method=masactrl", "inversion=edict"), "needs source_prompt=inversion"),
        (("method=p2p", "method.edit.source=target"), "have the words of the caption"),
    ],
)
def test_a_pair_that_can_t_be_is_refused_in_a_sentence(call, tmp_path, words, says):
    done = call("run", *words, "goal=edit", *FEW, f"results={tmp_path / 'results'}")
    assert done.code == 2
    assert says in done.err
    assert not (tmp_path / "results").exists()
