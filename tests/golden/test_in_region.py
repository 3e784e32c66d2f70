"""PIE-Bench's conventions against torchmetrics and Pillow, called as its evaluation calls them."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import interpolate
from torchmetrics.image import PeakSignalNoiseRatio, StructuralSimilarityIndexMeasure
from torchmetrics.regression import MeanSquaredError

from eval.in_region import MseInRegion, PsnrInRegion, SsimInRegion
from eval.jpeg import through_jpeg
from eval.metric import Pictures

pytestmark = pytest.mark.golden

SIDE = 48
KINDS: dict[str, tuple[Any, Any]] = {
    "psnr": (PsnrInRegion, PeakSignalNoiseRatio(data_range=1.0)),
    "mse": (MseInRegion, MeanSquaredError()),
    "ssim": (SsimInRegion, StructuralSimilarityIndexMeasure(data_range=1.0)),
}


@pytest.fixture(scope="module")
def pixels():
    """A smooth picture and a changed one, as bytes."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 5, 5, generator=generator)
    smooth = interpolate(coarse, (SIDE, SIDE), mode="bicubic").clamp(0, 1)
    changed = (smooth + 0.1 * torch.randn(smooth.shape, generator=generator)).clamp(0, 1)
    return [(one[0].permute(1, 2, 0) * 255).byte().numpy() for one in (changed, smooth)]


@pytest.fixture(scope="module")
def mask():
    """The region that the edit should change: a block and, as PIE-Bench has it, the border."""
    region = np.zeros((SIDE, SIDE), dtype=bool)
    region[10:30, 5:25] = True
    region[[0, -1]] = region[:, [0, -1]] = True
    return region


def pictures(result, source, mask):
    output, given = (
        torch.tensor(one).permute(2, 0, 1)[None].float() / 255 for one in (result, source)
    )
    return Pictures(output, given, changed=torch.tensor(mask)[None, None])


def strip(result, source, panels):
    """The result as it comes back from a JPEG of ``panels`` panels, the last being the result."""
    whole = Image.new("RGB", (panels * SIDE, SIDE), "white")
    for panel in range(1, panels - 1):
        whole.paste(Image.fromarray(source), (panel * SIDE, 0))
    whole.paste(Image.fromarray(result), ((panels - 1) * SIDE, 0))
    stream = BytesIO()
    whole.save(stream, "JPEG")
    return np.asarray(Image.open(stream))[:, -SIDE:]


def as_they_do(metric, result, source, part):
    """What PnPInversion's calculator does, step by step."""
    weights = part[:, :, None].repeat(3, axis=2).astype(np.float32)
    both = (one.astype(np.float32) / 255 * weights for one in (result, source))
    rows = [torch.tensor(one).permute(2, 0, 1)[None].contiguous() for one in both]
    metric.reset()
    return metric(*rows).item()


@pytest.mark.parametrize("part", ["outside", "inside"])
@pytest.mark.parametrize("kind", KINDS)
def test_zeroed_is_what_their_evaluation_computes_through_its_strip(kind, part, pixels, mask):
    ours, theirs = KINDS[kind]
    result, source = pixels
    selected = mask if part == "inside" else ~mask
    expected = as_they_do(theirs, strip(result, source, 4), source, selected)
    found = ours(part, "zeroed", 75)(pictures(result, source, mask)).item()
    assert found == pytest.approx(expected, abs=1e-5)


def test_the_clean_form_is_the_mean_over_the_part(pixels, mask):
    result, source = (one.astype(float) / 255 for one in pixels)
    given = pictures(*pixels, mask=mask)
    parts: Any = (("outside", ~mask), ("inside", mask))
    for part, selected in parts:
        expected = ((result - source)[selected] ** 2).mean()
        assert MseInRegion(part)(given).item() == pytest.approx(expected, rel=1e-5)
        psnr = -10 * np.log10(expected)
        assert PsnrInRegion(part)(given).item() == pytest.approx(psnr, rel=1e-5)


def test_the_clean_ssim_is_the_mean_of_the_map_over_the_part(pixels, mask):
    """The map is torchmetrics' own, of the whole pictures."""
    given = pictures(*pixels, mask=mask)
    metric = StructuralSimilarityIndexMeasure(data_range=1.0, return_full_image=True)
    _, values = metric(given.output, given.source)
    expected = values[0].permute(1, 2, 0).numpy()[~mask].mean()
    assert SsimInRegion("outside")(given).item() == pytest.approx(expected, rel=1e-5)


def test_zeroed_depends_on_how_large_the_part_is(pixels, mask):
    given = pictures(*pixels, mask=mask)
    share = (~mask).mean()
    zeroed, clean = MseInRegion("outside", "zeroed")(given), MseInRegion("outside")(given)
    assert zeroed.item() == pytest.approx(clean.item() * share, rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("part", "everywhere"), [("outside", True), ("inside", False)])
@pytest.mark.parametrize("masking", ["mean", "zeroed"])
def test_a_part_without_a_pixel_is_not_a_number(kind, part, everywhere, masking, pixels):
    given = pictures(*pixels, mask=np.full((SIDE, SIDE), everywhere))
    assert np.isnan(KINDS[kind][0](part, masking)(given).item())


def test_ids_say_the_part_and_the_conventions():
    assert PsnrInRegion("outside").quantity.id == "psnr-outside[0,1]"
    assert PsnrInRegion("outside", "zeroed", 75).quantity.id == "psnr-outside[0,1,zeroed,jpeg75]"
    assert SsimInRegion("inside").quantity.id == "ssim-inside-to-input[0,1]"


def test_the_picture_beside_it_in_the_strip_reaches_one_column_alone(pixels, mask):
    """Chroma of half the size is enlarged across the line between two pictures."""
    given = pictures(*pixels, mask=mask)
    beside_white = replace(given, source=torch.ones_like(given.source))
    differs = through_jpeg(given, 75) != through_jpeg(beside_white, 75)
    assert differs.flatten(0, 2).any(0).nonzero().flatten().tolist() == [0]


def test_what_was_read_from_a_jpeg_is_not_saved_once_more(pixels, mask):
    given = replace(pictures(*pixels, mask=mask), from_jpeg=True)
    assert through_jpeg(given, 75) is given.output
    assert through_jpeg(replace(given, from_jpeg=False), None) is given.output
