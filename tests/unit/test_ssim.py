import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from eval.ssim import Ssim, ssim


@pytest.fixture
def pair():
    generator = torch.Generator().manual_seed(0)
    waves = torch.linspace(0, 6, 48).sin().mul(0.4).add(0.5).expand(3, 3, 40, 48)
    noise = (
        torch.randn(3, 3, 40, 48, generator=generator)
        * torch.tensor([0.02, 0.1, 0.3])[:, None, None, None]
    )
    return (waves + noise).clamp(0, 1), waves.contiguous()


def of_scikit_image(image, reference):
    """Wang et al.'s setting in double precision; its crop takes off just the mirrored border."""
    mirrored = (
        np.pad(picture.double().numpy(), ((0, 0), (5, 5), (5, 5)), mode="reflect")
        for picture in (image, reference)
    )
    return structural_similarity(
        *mirrored,
        channel_axis=0,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )


def test_matches_scikit_image(pair):
    theirs = [of_scikit_image(a, b) for a, b in zip(*pair, strict=True)]
    assert ssim(*pair).tolist() == pytest.approx(theirs, abs=1e-5)
    assert theirs[0] > theirs[1] > theirs[2]


def test_a_copy_scores_one(pair):
    assert ssim(pair[1], pair[1]).tolist() == pytest.approx([1.0] * 3, abs=1e-5)


def test_one_value_an_image_also_for_one_image(pair):
    alone = [ssim(a[None], b[None]) for a, b in zip(*pair, strict=True)]
    assert [value.shape for value in alone] == [(1,)] * 3
    assert torch.cat(alone).tolist() == pytest.approx(ssim(*pair).tolist(), abs=1e-5)


def test_name_and_direction():
    assert (Ssim().quantity.id, Ssim().quantity.higher_is_better) == ("ssim[0,1]", True)
