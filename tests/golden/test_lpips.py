"""LPIPS against the authors' package over the same backbone, and the resize against Pillow."""

import math
from types import SimpleNamespace

import pytest
import torch
from lpips import LPIPS, pretrained_networks
from torch import nn
from torchvision import models
from torchvision.transforms import v2 as transforms

from eval.crop import resize_and_crop
from eval.lpips import Lpips
from eval.lpips_in_region import LpipsInRegion
from eval.metric import Pictures
from pti.errors import InputError

pytestmark = pytest.mark.golden

BUILDERS = {"alex": "alexnet", "vgg": "vgg16", "squeeze": "squeezenet1_1"}
TO_PICTURE = transforms.ToPILImage()
TO_TENSOR = transforms.Compose(
    [transforms.ToImage(), transforms.ToDtype(torch.float32, scale=True)]
)


def random_features(net):
    """A backbone's layers with random weights; its large classifier is never allocated."""
    with torch.device("meta"):
        features = getattr(models, BUILDERS[net])(weights=None).features
    features = features.to_empty(device="cpu")
    torch.manual_seed(0)
    for layer in features.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, std=math.sqrt(2 / layer.weight[0].numel()))
            assert layer.bias is not None
            nn.init.normal_(layer.bias, std=0.1)
    return features


def saved(features, path):
    """torchvision's layout: the classifier's weights lie beside those of the features."""
    state = {f"features.{name}": tensor for name, tensor in features.state_dict().items()}
    torch.save(state | {"classifier.6.bias": torch.zeros(1000)}, path)
    return str(path)


@pytest.fixture
def pictures():
    """Two batches of smooth pictures and a lot of noise on them, in steps of 1/255."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(2, 3, 5, 5, generator=generator)
    smooth = nn.functional.interpolate(coarse, (96, 130), mode="bicubic").clamp(0, 1)
    noise = torch.randn(smooth.shape, generator=generator)
    noisy = (smooth + noise * torch.tensor([0.05, 0.2])[:, None, None, None]).clamp(0, 1)
    return [(batch * 255).round() / 255 for batch in (noisy, smooth)]


@pytest.mark.parametrize("net", BUILDERS)
def test_matches_the_package(net, tmp_path, pictures, monkeypatch, capsys):
    features = random_features(net)
    ours = Lpips(net, size=96, weights=saved(features, tmp_path / "backbone.pth"))
    values = ours.distance(*pictures)

    monkeypatch.setattr(
        pretrained_networks.tv, BUILDERS[net], lambda **_: SimpleNamespace(features=features)
    )
    package = LPIPS(net=net, verbose=False)
    squares = [batch[..., 17:113] for batch in pictures]
    with torch.no_grad():
        theirs = package(*squares, normalize=True).flatten().tolist()

    assert values.tolist() == pytest.approx(theirs, rel=1e-5)
    assert 0 < theirs[0] < theirs[1]
    assert not values.requires_grad
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("masking", ["zeroed", "mean"])
def test_in_a_region_it_is_the_package_s_number_or_map(masking, tmp_path, pictures, monkeypatch):
    features = random_features("squeeze")
    weights = saved(features, tmp_path / "backbone.pth")
    monkeypatch.setattr(
        pretrained_networks.tv, BUILDERS["squeeze"], lambda **_: SimpleNamespace(features=features)
    )
    region = torch.zeros(2, 1, 96, 130, dtype=torch.bool)
    region[:, :, 20:60, 30:100] = True
    package = LPIPS(net="squeeze", verbose=False, spatial=masking == "mean")
    with torch.no_grad():
        if masking == "mean":
            maps = package(*pictures, normalize=True)
            theirs = [one[~part].mean().item() for one, part in zip(maps, region, strict=True)]
        else:
            theirs = package(*(2 * (one * ~region) - 1 for one in pictures)).flatten().tolist()
    metric = LpipsInRegion("outside", masking, weights=weights)
    ours = metric(Pictures(*pictures, changed=region))
    assert ours.tolist() == pytest.approx(theirs, rel=1e-5)
    assert theirs[0] > 0


def test_a_copy_is_at_0_and_one_picture_gives_one_value(tmp_path, pictures):
    ours = Lpips("squeeze", size=64, weights=saved(random_features("squeeze"), tmp_path / "b.pth"))
    assert ours.distance(pictures[1], pictures[1]).tolist() == [0.0, 0.0]
    alone = [ours.distance(a[None], b[None]).item() for a, b in zip(*pictures, strict=True)]
    assert alone == pytest.approx(ours.distance(*pictures).tolist(), rel=1e-5)


@pytest.mark.parametrize("size", [64, 96, 200])
def test_resizes_as_pillow_does(pictures, size):
    flexit = transforms.Compose([transforms.Resize(size), transforms.CenterCrop(size), TO_TENSOR])
    theirs = torch.stack([flexit(TO_PICTURE(picture)) for picture in pictures[0]])
    ours = resize_and_crop(pictures[0], size)
    assert ours.shape == (2, 3, size, size)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1.01 / 255)
    assert (ours - theirs).abs().mean() < 0.1 / 255


def test_leaves_a_picture_of_the_right_size_alone(pictures):
    squares = pictures[0][..., :96]
    torch.testing.assert_close(resize_and_crop(squares, 96), squares)


def test_finds_the_weights_in_torch_hubs_cache(tmp_path, pictures, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(InputError, match=r"squeezenet1_1-b8a52dc0\.pth is missing: fetch https://"):
        Lpips("squeeze", size=64).distance(*pictures)

    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    saved(random_features("squeeze"), folder / "squeezenet1_1-b8a52dc0.pth")
    assert (Lpips("squeeze", size=64).distance(*pictures) > 0).all()


def test_the_wrong_file_is_named(tmp_path, pictures):
    other = saved(random_features("squeeze"), tmp_path / "other.pth")
    with pytest.raises(InputError, match=r"other\.pth holds the weights of another network"):
        Lpips("alex", size=64, weights=other).distance(*pictures)
    with pytest.raises(InputError, match=r"absent\.pth is missing"):
        Lpips("alex", weights=str(tmp_path / "absent.pth")).distance(*pictures)


@pytest.mark.parametrize("content", [b"", b"<!doctype html>", b"hello world", None])
def test_a_damaged_file_is_named(content, tmp_path, pictures):
    path = tmp_path / "torn.pth"
    saved(random_features("squeeze"), path)
    path.write_bytes(path.read_bytes()[:5000] if content is None else content)
    with pytest.raises(InputError, match=r"torn\.pth cannot be read as weights"):
        Lpips("squeeze", size=64, weights=str(path)).distance(*pictures)


def test_names():
    assert Lpips().quantity.id == "lpips-alex@256"
    assert Lpips("vgg", size=64).quantity.id == "lpips-vgg@64"
    assert LpipsInRegion("outside").quantity.id == "lpips-squeeze-outside"
    found = LpipsInRegion("inside", "zeroed", 75, "alex").quantity.id
    assert found == "lpips-alex-inside-to-input[zeroed,jpeg75]"
