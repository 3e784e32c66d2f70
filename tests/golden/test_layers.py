"""The table of attention layers, against the calls of the UNet and the pixels that they see."""

from math import isqrt
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel

from pti.diffusion.layers import layers_of
from tests.explicit import double, two_sides
from tests.tiny import tiny_model

pytestmark = pytest.mark.golden


def four_levels(**changed: Any):
    """Stable Diffusion v1's blocks, with few channels and small sides."""
    unet: Any = UNet2DConditionModel(
        sample_size=32,
        block_out_channels=(4, 8, 8, 8),
        norm_num_groups=2,
        cross_attention_dim=16,
        attention_head_dim=1,
        **changed,
    )
    return double(unet)


MODELS = {
    "tiny": tiny_model,
    "two sides": two_sides,
    "Stable Diffusion v1": four_levels,
    "several in a block": lambda: four_levels(
        layers_per_block=(1, 2, 3, 1), transformer_layers_per_block=(1, 2, 3, 1)
    ),
}


def called(model):
    """Name and side of each attention layer, as the UNet calls them."""
    seen, handles = [], []
    for name, module in model.unet.named_modules():
        if name.endswith(("attn1", "attn2")):

            def keep(_module, given, name=name):
                seen.append((f"{name}.processor", isqrt(given[0].shape[1])))

            handles.append(module.register_forward_pre_hook(keep))
    z = torch.zeros(1, *model.latent_shape, dtype=torch.float64)
    with torch.no_grad():
        model.predict(z, 500, model.embed([""]))
    for handle in handles:
        handle.remove()
    return seen


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_layers_are_in_the_order_of_calls_with_the_sides_they_see(make):
    model = make()
    layers = layers_of(model)
    assert [(layer.name, layer.side) for layer in layers] == called(model)
    for layer in layers:
        assert layer.name.startswith(layer.part)
        assert layer.kind == ("self" if "attn1" in layer.name else "cross")


def test_stable_diffusion_s_16_pairs():
    layers = layers_of(four_levels())
    alone = [layer for layer in layers if layer.kind == "self"]
    assert [layer.kind for layer in layers] == ["self", "cross"] * 16
    assert [layer.part for layer in alone] == ["down"] * 6 + ["mid"] + ["up"] * 9
    sides = [32, 32, 16, 16, 8, 8, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32]
    assert [layer.side for layer in alone] == sides
    assert [layer.place for layer in alone] == [0, 1] * 3 + [0] + [0, 1, 2] * 3
    assert [layer.block for layer in alone] == [0, 0, 1, 1, 2, 2, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
