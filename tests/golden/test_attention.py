"""Attention: watching it changes nothing, maps are the softmax's, weights act where they should."""

import pytest
import torch

from pti.diffusion.attention import Reweighted, watched
from pti.diffusion.control import open_attention
from pti.diffusion.layers import cross_attention_layers
from tests.tiny import edit_batch, tiny_model


def close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


def sampled(model, batch, weights=None):
    """The noise prediction of a guided call while attention is watched, and what was seen."""
    z, context = model.encode(batch.images), model.embed(batch.targets)
    null = model.embed([""] * len(batch))
    control = None if weights is None else Reweighted(weights)
    everything = every_token(len(batch))
    with (
        open_attention(model) as attention,
        attention.controlled(control),
        watched(model, everything) as watch,
    ):
        return model.predict(torch.cat([z, z]), 500, torch.cat([null, context])), watch


def every_token(count):
    """A map of each token."""
    return torch.eye(12, dtype=torch.float64).expand(count, -1, -1)


def test_watching_changes_no_bit_and_leaves_nothing_behind():
    model, batch = tiny_model(), edit_batch()
    before = dict(model.unet.attn_processors)
    seen, watch = sampled(model, batch)
    z, context = model.encode(batch.images), model.embed(batch.targets)
    plain = model.predict(torch.cat([z, z]), 500, torch.cat([model.embed([""] * 3), context]))
    assert torch.equal(seen, plain)
    assert model.unet.attn_processors == before
    close(watch.maps().sum(-1), torch.ones(3, 8, 8, dtype=torch.float64))


def test_watching_ends_with_an_error_too():
    model = tiny_model()
    before = dict(model.unet.attn_processors)
    with pytest.raises(KeyError), watched(model, every_token(1)):
        raise KeyError
    assert model.unet.attn_processors == before


def test_watches_may_be_nested():
    model, batch = tiny_model(), edit_batch()
    with watched(model, every_token(3)) as outer, watched(model, every_token(3)) as inner:
        model.predict(model.encode(batch.images), 500, model.embed(batch.targets))
    assert torch.equal(outer.maps(), inner.maps())


def test_maps_are_the_conditional_halfs():
    """Against the softmax that diffusers' own attention module computes from hooked inputs."""
    model, batch = tiny_model(), edit_batch()
    maps, handles = [], []

    def keep(module, inputs, kwargs):
        pixels = (inputs[0] if inputs else kwargs["hidden_states"])[3:]
        context = kwargs["encoder_hidden_states"][3:]
        query, key = (
            module.head_to_batch_dim(projected)
            for projected in (module.to_q(pixels), module.to_k(context))
        )
        scores = torch.softmax(query @ key.transpose(1, 2) * module.scale, -1)
        maps.append(scores.unflatten(0, (3, -1)).mean(1))

    for name, module in model.unet.named_modules():
        if name.endswith("attn2"):
            handles.append(module.register_forward_pre_hook(keep, with_kwargs=True))
    _, watch = sampled(model, batch)
    wanted = [each for each in maps if each.shape[1] == 64]
    assert len(wanted) == watch.layers == 4
    close(watch.maps().flatten(1, 2).double(), torch.stack(wanted).mean(0).double())


def test_weights_of_one_change_nothing_and_others_act_on_the_conditional_half_alone():
    model, batch = tiny_model(), edit_batch()
    plain, _ = sampled(model, batch)
    ones, _ = sampled(model, batch, torch.ones(3, 12))
    close(ones, plain)
    weights = torch.ones(3, 12)
    weights[:, 3] = 4.0
    more, _ = sampled(model, batch, weights)
    close(more[:3], plain[:3])
    assert (more[3:] - plain[3:]).abs().max() > 1e-4


def test_stable_diffusion_has_its_five_layers_at_16():
    class Config:
        sample_size = 64
        layers_per_block = 2
        transformer_layers_per_block = 1
        mid_block_type = "UNetMidBlock2DCrossAttn"
        down_block_types = ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",)
        up_block_types = ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3

    assert cross_attention_layers(Config) == {64: 5, 32: 5, 16: 5, 8: 1}


def test_a_unet_without_its_layers_is_refused():
    model = tiny_model()
    block = model.unet.down_blocks[1].attentions[0].transformer_blocks[0]
    block.renamed = block.attn2
    del block.attn2
    with (
        pytest.raises(RuntimeError, match="cross-attention layers"),
        watched(model, every_token(1)),
    ):
        pass


def test_maps_that_never_came_are_refused():
    model = tiny_model()
    with watched(model, every_token(1)) as watch, pytest.raises(RuntimeError, match="captured 0"):
        watch.maps()
