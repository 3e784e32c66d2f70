"""Inception's features against clean-fid's own networks, and its input against SciPy and Pillow."""

import numpy as np
import pytest
import torch
from cleanfid import inception_pytorch
from cleanfid.inception_torchscript import InceptionV3W
from PIL import Image
from scipy.ndimage import map_coordinates
from torch import nn
from torchvision.models import Inception3

from eval.feature_network import FeatureNetwork
from eval.inception import Inception
from pti.errors import InputError

pytestmark = pytest.mark.golden


@pytest.fixture(scope="module")
def state():
    """Random weights in pytorch-fid's layout, with statistics that matter."""
    torch.manual_seed(0)
    network = Inception3(num_classes=1008, aux_logits=False, init_weights=False)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.normal_(0, 0.2)
            layer.running_var.uniform_(0.6, 1.4)
    return network.state_dict()


@pytest.fixture(scope="module")
def weights(state, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "fid.pth"
    torch.save(state, path)
    return str(path)


@pytest.fixture
def pictures():
    """Two pictures 12 wider than high, in steps of 1/255."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(2, 3, 9, 9, generator=generator)
    smooth = nn.functional.interpolate(coarse, (128, 140), mode="bicubic").clamp(0, 1)
    return (smooth * 255).round() / 255


def enlarged(square):
    """Bilinear to 299 by 299 between pixels' centres, the border repeated, in double precision."""
    places = (np.arange(299) + 0.5) * square.shape[-1] / 299 - 0.5
    grid = np.meshgrid(places, places, indexing="ij")
    planes = square.double().numpy()
    return np.stack([map_coordinates(plane, grid, order=1, mode="nearest") for plane in planes])


@pytest.mark.filterwarnings("ignore:.*'pretrained':UserWarning")
@pytest.mark.filterwarnings("ignore:Arguments other than a weight enum:UserWarning")
def test_matches_pytorch_fid(state, weights, pictures, monkeypatch):
    monkeypatch.setattr(inception_pytorch, "load_state_dict_from_url", lambda *_, **__: state)
    package = inception_pytorch.InceptionV3([3], resize_input=False).eval()
    inputs = torch.tensor(np.stack([enlarged(picture[..., 6:134]) for picture in pictures]))
    with torch.no_grad():
        theirs = package(inputs.float())[0].flatten(1)

    ours = Inception(size=128, weights=weights)(pictures)
    assert ours.shape == (2, 2048)
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3 * theirs.std().item())
    assert (theirs[0] - theirs[1]).abs().max() > 0.1 * theirs.std()


class StandIn(nn.Module):
    """What clean-fid asks of StyleGAN's TorchScript: ``layers`` from pixels to 2048 features."""

    def __init__(self):
        super().__init__()
        pool = nn.AdaptiveAvgPool2d(13)
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 5), pool, nn.Flatten(), nn.Linear(676, 2048))

    def forward(self, pixels):
        return self.layers(pixels)


@pytest.fixture
def script(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "inception-2015-12-05.pt"
    torch.jit.script(StandIn()).save(path)
    return path


def test_matches_clean_fid(script, pictures):
    package = InceptionV3W(str(script.parent), download=False, resize_inside=False).eval()
    planes = (pictures[..., 6:134] * 255).round().numpy()
    large = [
        [Image.fromarray(plane).resize((299, 299), Image.Resampling.BICUBIC) for plane in picture]
        for picture in planes
    ]
    inputs = torch.tensor(np.array([[np.asarray(plane) for plane in each] for each in large]))
    with torch.no_grad():
        theirs = package(inputs.clip(0, 255))

    ours = Inception("clean-fid", size=128, weights=str(script))(pictures)
    torch.testing.assert_close(ours, theirs)
    assert theirs.std() > 0.01


def test_finds_the_weights_in_torch_hubs_cache(script, pictures, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(script.parent))
    missing = r"pt_inception-2015-12-05-6726825d\.pth is missing: fetch https://"
    with pytest.raises(InputError, match=missing):
        Inception()(pictures)
    with pytest.raises(InputError, match=r"inception-2015-12-05\.pt is missing: fetch https://"):
        Inception("clean-fid")(pictures)

    folder = script.parent / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    script.rename(folder / script.name)
    assert Inception("clean-fid")(pictures).shape == (2, 2048)


def test_wrong_files_are_named(weights, tmp_path, pictures):
    other = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(3)}, other)
    with pytest.raises(InputError, match=r"other\.pth holds the weights of another network"):
        Inception(weights=str(other))(pictures)
    with pytest.raises(InputError, match=r"fid\.pth cannot be read as a TorchScript"):
        Inception("clean-fid", weights=weights)(pictures)


def test_names():
    assert Inception().id == "inception@256"
    assert Inception("clean-fid", size=64).id == "inception-clean@64"
    assert isinstance(Inception(), FeatureNetwork)
