"""Items whose words can't be found fail alone, before anything is inverted."""

import pytest

from pti.diffusion.model import LatentDiffusion

pytestmark = pytest.mark.e2e

TARGETS = {
    "a red star on grass": "?!",
    "a blue ring on snow": "a red ring's cafe\u0301 on snow",
    "an orange heart on wood": "an orange heart on wood and on snow and on a red star",
}
FEW = ("goal=edit", "metrics=reconstruction", "method.invert.trace.steps=4", "name=few", "cell=few")


@pytest.fixture
def forwards(monkeypatch):
    """How many pictures each UNet call of this process was for."""
    sizes, predict = [], LatentDiffusion.predict

    def count(self, z, t, context):
        sizes.append(len(z))
        return predict(self, z, t, context)

    monkeypatch.setattr(LatentDiffusion, "predict", count)
    return sizes


@pytest.fixture
def edits(workplace):
    lines = ["file_name,text,target"]
    lines += [f"{row}.png,{text},{target}" for row, (text, target) in enumerate(TARGETS.items())]
    metadata = workplace.folder / "pictures/metadata.csv"
    metadata.write_text("\n".join(lines), encoding="utf-8")
    return workplace


def test_an_item_without_its_words_costs_nothing_and_leaves_the_rest_alone(edits, forwards):
    outcome = edits.run("method=ddim_edit", "batch_size=3", *FEW)
    assert outcome.code != 0
    assert "one by one" not in outcome.err
    records = edits.cell("few", "few").records
    assert records["1.png"].status == "done"
    assert "no words of the prompt '?!'" in records["0.png"].error
    assert "was cut off" in records["2.png"].error
    # 3 moves of 4 at ratio 0.8: one forward each to invert, two to sample, of one picture alone.
    assert (sum(forwards), records["1.png"].calls) == (
        9,
        {"trace.forward": 3, "sample.forward": 6},
    )


def test_a_method_without_an_attention_mask_needs_no_words(edits):
    outcome = edits.run("method=ddim_global", *FEW)
    assert outcome.code == 0, outcome.err


def test_one_picture_is_refused_before_it_is_inverted(desk, forwards):
    outcome = desk.edit("words=zebra")
    assert "does not contain 'zebra'" in outcome.err
    assert not forwards
