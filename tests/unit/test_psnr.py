import pytest
import torch
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio

from eval.psnr import Mse, Psnr, mse, psnr


@pytest.fixture
def pair():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(3, 3, 16, 12, generator=generator)
    noise = (
        torch.randn(images.shape, generator=generator)
        * torch.tensor([0.01, 0.1, 0.3])[:, None, None, None]
    )
    return (images + noise).clamp(0, 1), images


def test_matches_scikit_image(pair):
    ours, theirs = (
        psnr(*pair),
        [
            peak_signal_noise_ratio(b.numpy(), a.numpy(), data_range=1)
            for a, b in zip(*pair, strict=True)
        ],
    )
    assert ours.tolist() == pytest.approx(theirs, rel=1e-5)
    errors = [mean_squared_error(a.numpy(), b.numpy()) for a, b in zip(*pair, strict=True)]
    assert mse(*pair).tolist() == pytest.approx(errors, rel=1e-5)


def test_known_values():
    black = torch.zeros(2, 3, 8, 8)
    grey = torch.stack([torch.full((3, 8, 8), 0.1), torch.ones(3, 8, 8)])
    assert psnr(grey, black).tolist() == pytest.approx([20.0, 0.0], abs=1e-5)


def test_a_copy_is_infinitely_good(pair):
    assert psnr(pair[1], pair[1]).tolist() == [float("inf")] * 3


def test_an_image_scores_the_same_alone(pair):
    alone = [psnr(a[None], b[None]).item() for a, b in zip(*pair, strict=True)]
    assert psnr(*pair).tolist() == pytest.approx(alone, rel=1e-6)


def test_names_and_directions():
    of_psnr, of_mse = Psnr().quantity, Mse().quantity
    assert (of_psnr.id, of_psnr.higher_is_better) == ("psnr[0,1]", True)
    assert (of_mse.id, of_mse.higher_is_better) == ("mse[0,1]", False)
