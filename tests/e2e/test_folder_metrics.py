"""What edits of ``data=folder`` are measured by, as far as its columns go."""

from math import isnan

import pytest
from PIL import Image

from tests.tiny import CAPTIONS

pytestmark = pytest.mark.e2e

COPY = ("method=copy", "cell=copy", "goal=edit")
OUTSIDE = "psnr-outside[0,1,zeroed,jpeg75]"


@pytest.fixture
def masks(workplace):
    """Gives the workplace's pictures masks of their left half, some of them none."""
    pictures = workplace.folder / "pictures"
    half = Image.new("L", (48, 40))
    half.paste(255, (0, 0, 24, 40))
    half.save(pictures / "left.png")

    def write(*names):
        rows = zip(range(3), CAPTIONS, CAPTIONS[::-1], names, strict=True)
        lines = [f"{i}.png,{caption},{target},{mask}" for i, caption, target, mask in rows]
        (pictures / "metadata.csv").write_text("\n".join(["file_name,text,target,mask", *lines]))

    return write


def test_an_item_without_a_mask_has_no_number_of_regions(workplace, masks):
    masks("left.png", "left.png", "")
    assert workplace.run(*COPY).code == 0
    scores = workplace.cell("single", "copy").scores
    missing = {key: isnan(score.values[OUTSIDE]) for key, score in scores.items()}
    assert missing == {"0.png": False, "1.png": False, "2.png": True}


def test_a_mask_that_was_added_after_the_run_is_noticed(workplace, masks):
    masks("left.png", "", "")
    assert workplace.run(*COPY).code == 0
    masks("left.png", "left.png", "")
    outcome = workplace.run(*COPY)
    assert outcome.code == 2
    assert "the region of 1.png in the data set changed" in outcome.err
