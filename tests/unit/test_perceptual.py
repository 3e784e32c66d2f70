import lpips
import pytest
import torch

from data.scenes.classifier import SceneClassifier
from eval.feature_network import LayeredNetwork
from eval.perceptual import distance

SHAPES = [(3, 8, 10, 12), (3, 16, 5, 6), (3, 4, 1, 1)]


@pytest.fixture
def layers():
    generator = torch.Generator().manual_seed(0)
    return [[torch.randn(shape, generator=generator) for shape in SHAPES] for _ in range(2)]


@pytest.fixture
def weights():
    return [torch.rand(shape[1], generator=torch.Generator().manual_seed(1)) for shape in SHAPES]


def of_the_package(a, b, weights):
    """The terms of ``lpips.LPIPS.forward``, with its own layers of weights."""
    total = torch.zeros(len(a[0]), 1, 1, 1)
    for layer, reference, weight in zip(a, b, weights, strict=True):
        linear = lpips.NetLinLayer(len(weight))
        linear.model[0].weight.data = weight.reshape(1, -1, 1, 1)
        difference = lpips.normalize_tensor(layer) - lpips.normalize_tensor(reference)
        total += lpips.spatial_average(linear(difference**2))
    return total.flatten().tolist()


def test_matches_the_package_with_weights(layers, weights):
    a, b = layers
    assert distance(a, b, weights).tolist() == pytest.approx(of_the_package(a, b, weights))


def test_without_weights_channels_are_summed_as_the_package_does(layers):
    terms = [
        lpips.spatial_average(
            (lpips.normalize_tensor(a) - lpips.normalize_tensor(b)).square().sum(1, keepdim=True)
        )
        for a, b in zip(*layers, strict=True)
    ]
    assert distance(*layers).tolist() == pytest.approx(torch.stack(terms).sum(0).flatten().tolist())


def test_by_hand():
    """Unit vectors at right angles in one pixel of two: 2 over 2 pixels, in each of 2 layers."""
    a = torch.tensor([[3.0, 0.0], [0.0, 5.0]]).reshape(1, 2, 1, 2)
    b = torch.tensor([[0.0, 0.0], [7.0, 1.0]]).reshape(1, 2, 1, 2)
    assert distance([a, a], [b, b]).tolist() == pytest.approx([2.0])
    assert distance([a], [b], [torch.tensor([0.25, 0.5])]).tolist() == pytest.approx([0.375])


def test_length_does_not_count_but_a_dead_pixel_is_no_error(layers):
    scaled = [3 * layer for layer in layers[0]]
    assert distance(layers[0], scaled).tolist() == pytest.approx([0.0] * 3, abs=1e-10)
    dead = [torch.zeros_like(layer) for layer in layers[0]]
    assert distance(layers[0], dead).tolist() == pytest.approx([3.0] * 3)
    assert distance(dead, dead).tolist() == [0.0] * 3


def test_networks_must_have_the_same_layers(layers):
    with pytest.raises(ValueError, match="shorter"):
        distance(layers[0], layers[1][:2])


def test_the_embedded_classifier_plugs_in():
    torch.manual_seed(0)
    network = SceneClassifier().eval()
    assert isinstance(network, LayeredNetwork)
    images, references = torch.rand(2, 2, 3, 64, 64)
    with torch.no_grad():
        layers = [network.layers(pictures) for pictures in (images, references)]
    assert distance(layers[0], layers[0]).tolist() == [0.0, 0.0]
    assert (distance(*layers) > 0).all()
