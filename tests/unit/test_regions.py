import numpy as np
import pytest
import torch
from skimage.metrics import mean_squared_error, structural_similarity

from eval.psnr import psnr
from eval.regions import psnr_where, ssim_where
from eval.ssim import ssim


@pytest.fixture
def pair():
    generator = torch.Generator().manual_seed(0)
    waves = torch.linspace(0, 6, 48).sin().mul(0.4).add(0.5).expand(3, 3, 40, 48)
    noise = torch.randn(waves.shape, generator=generator)
    strength = torch.tensor([0.02, 0.1, 0.3])[:, None, None, None]
    return (waves + noise * strength).clamp(0, 1), waves.contiguous()


@pytest.fixture
def mask():
    """A corner, a scatter of pixels and a frame at the border: a different region an image."""
    masks = torch.zeros(3, 1, 40, 48, dtype=torch.bool)
    masks[0, :, :9, :13] = True
    masks[1] = torch.rand(1, 40, 48, generator=torch.Generator().manual_seed(1)) < 0.3
    masks[2] = True
    masks[2, :, 3:-3, 3:-3] = False
    return masks


def selected(picture, mask):
    """The pixels where ``mask`` is true, one row each."""
    return picture.permute(1, 2, 0).numpy()[mask[0].numpy()]


def ssim_map(image, reference):
    """Wang et al.'s map by scikit-image, of the picture alone: its mirrored border cut off."""
    mirrored = (
        np.pad(picture.double().numpy(), ((0, 0), (5, 5), (5, 5)), mode="reflect")
        for picture in (image, reference)
    )
    similarity = structural_similarity(
        *mirrored,
        channel_axis=0,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )[1]
    return torch.from_numpy(similarity[:, 5:-5, 5:-5])


@pytest.mark.parametrize("inside", [True, False])
def test_psnr_matches_scikit_image_on_the_masked_pixels(pair, mask, inside):
    region = mask if inside else ~mask
    theirs = [
        -10 * np.log10(mean_squared_error(selected(a, m), selected(b, m)))
        for a, b, m in zip(*pair, region, strict=True)
    ]
    assert psnr_where(*pair, mask=region).tolist() == pytest.approx(theirs, rel=1e-5)


@pytest.mark.parametrize("inside", [True, False])
def test_ssim_matches_scikit_image_on_the_masked_pixels(pair, mask, inside):
    region = mask if inside else ~mask
    theirs = [selected(ssim_map(a, b), m).mean() for a, b, m in zip(*pair, region, strict=True)]
    assert ssim_where(*pair, mask=region).tolist() == pytest.approx(theirs, abs=1e-5)


def test_a_mask_of_everything_gives_the_whole_picture(pair, mask):
    everything = torch.ones_like(mask)
    assert psnr_where(*pair, mask=everything).tolist() == pytest.approx(psnr(*pair).tolist())
    assert ssim_where(*pair, mask=everything).tolist() == pytest.approx(
        ssim(*pair).tolist(), abs=1e-6
    )


def test_an_empty_mask_is_undefined(pair, mask):
    nothing = torch.zeros_like(mask)
    assert psnr_where(*pair, mask=nothing).isnan().all()
    assert ssim_where(*pair, mask=nothing).isnan().all()


def test_what_lies_outside_does_not_count(pair, mask):
    image, reference = pair[1].clone(), pair[1]
    image[(~mask).expand_as(image)] = 0.0
    assert psnr_where(image, reference, mask).tolist() == [float("inf")] * 3
    assert psnr_where(image, reference, ~mask).isfinite().all()
