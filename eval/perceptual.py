"""The distance of LPIPS (Zhang et al., 2018, arXiv 1801.03924, Eq. 1), for any network."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from eval.metric import PerImage

EPSILON = 1e-10  # as in the lpips package

Layer = Float[Tensor, "b _ _ _"]
Weight = Float[Tensor, " _"]


def distance(
    layers: Sequence[Layer],
    reference_layers: Sequence[Layer],
    weights: Sequence[Weight] | None = None,
) -> PerImage:
    """Squared difference of unit-length activations: mean over pixels, summed over layers.

    Every layer is b c h w with its own c, h and w. ``weights`` has c values per layer and
    multiplies the *squared* differences, as in the authors' package: each is the square of Eq. 1's
    w. Without ``weights`` the channels are summed, like the package's ``lpips=False``. Equal
    activations give 0. Raises ``ValueError`` where the arguments differ in the number of layers.
    """
    if weights is None:
        weights = [layer.new_ones(layer.shape[1]) for layer in layers]
    triples = zip(layers, reference_layers, weights, strict=True)
    return torch.stack([_layer_distance(*triple) for triple in triples]).sum(0)


def _layer_distance(layer: Layer, reference: Layer, weight: Weight) -> PerImage:
    squared = (_unit(layer) - _unit(reference)).square()
    return torch.einsum("bchw,c->bhw", squared, weight).mean((1, 2))


def _unit(layer: Layer) -> Layer:
    return layer / (layer.square().sum(1, keepdim=True).sqrt() + EPSILON)
