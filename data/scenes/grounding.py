"""A loss that binds words to places, on the cross-attention maps of a UNet in training.

TokenCompose (Wang et al., 2023, arXiv:2312.03626) asks that the attention to an object's words lies
inside the object: ``outside`` is its token loss. Alone it makes maps of a few bright pixels, since
these are inside as well; ``unlike`` asks that the words' map also has the object's extent.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own name for it)
from torch.nn.attention import SDPBackend, sdpa_kernel

OWNERS = 3
"""What a word can belong to: the first object, the second, or the background."""

Regions = Float[Tensor, "b owners side side"]
Words = Bool[Tensor, "b owners tokens"]
Maps = Float[Tensor, "b pixels tokens"]


Heads = Float[Tensor, "b heads _ channels"]


def _heads(attn: Any, states: Tensor, context: Tensor) -> tuple[Heads, Heads, Heads]:
    """Queries, keys and values in fp32, which is faster than bf16 for attention on a CPU."""
    query, key, value = (
        part.float().unflatten(-1, (attn.heads, -1)).transpose(1, 2)
        for part in (attn.to_q(states), attn.to_k(context), attn.to_v(context))
    )
    return query, key, value


def _mixed(attn: Any, heads: Heads) -> Tensor:
    return attn.to_out[0](heads.transpose(1, 2).flatten(2))


class Fused:
    """An attention processor for self-attention in fp32, by torch's fused kernel."""

    def __call__(self, attn: Any, hidden_states: Tensor, *_: Any, **__: Any) -> Tensor:
        """Attend to the states themselves, and record nothing."""
        query, key, value = _heads(attn, hidden_states, hidden_states)
        fused = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION]
        with torch.autocast(query.device.type, enabled=False), sdpa_kernel(fused):
            heads = F.scaled_dot_product_attention(query, key, value)
        return _mixed(attn, heads)


@dataclass
class Recorder:
    """An attention processor that keeps each map's mean over heads, with its gradient."""

    maps: list[Maps] = field(default_factory=list)

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor, **_: Any
    ) -> Tensor:
        """Attend to the prompt, with products as ``einsum``, and keep the map."""
        query, key, value = _heads(attn, hidden_states, encoder_hidden_states)
        with torch.autocast(query.device.type, enabled=False):
            scores = torch.einsum("bhpc,bhtc->bhpt", query * attn.scale, key)
            probabilities = scores.softmax(-1)
            self.maps.append(probabilities.mean(1))
            heads = torch.einsum("bhpt,bhtc->bhpc", probabilities, value)
        return _mixed(attn, heads)


@contextmanager
def recorded(unet: Any) -> Generator[list[Maps]]:
    """The cross-attention maps of the UNet's calls in this context, layer by layer."""
    before = dict(unet.attn_processors)
    recorder = Recorder()
    unet.set_attn_processor({name: recorder if ".attn2." in name else Fused() for name in before})
    try:
        yield recorder.maps
    finally:
        unet.set_attn_processor(before)


def soft(regions: Regions) -> Regions:
    """Regions with wide edges and a maximum of 1.

    A map that ends as abruptly as its object would select the same pixels at any threshold.
    """
    for _ in range(2):
        regions = F.avg_pool2d(regions, 3, stride=1, padding=1, count_include_pad=False)
    return regions / regions.amax(dim=(2, 3), keepdim=True).clamp(min=1e-6)


def outside(maps: Maps, regions: Float[Tensor, "b owners pixels"], words: Words) -> Tensor:
    """Mean over words of (1 - the share of a word's attention inside its owner's region)^2."""
    wanted = torch.einsum("bop,bot->bpt", regions, words.float())
    share = (maps * wanted).sum(1) / maps.sum(1)
    named = words.any(1)
    return (1 - share)[named].square().mean()


def unlike(maps: Maps, regions: Float[Tensor, "b owners pixels"], words: Words) -> Tensor:
    """Mean squared difference between regions and their owners' maps.

    An owner's map is the sum of those of its words, divided by its maximum. The mean is over pixels
    and the owners that have words.
    """
    summed = torch.einsum("bpt,bot->bop", maps, words.float())
    relative = summed / summed.amax(-1, keepdim=True).clamp(min=1e-6)
    return (relative - regions)[words.any(2)].square().mean()


def grounding(
    layers: Sequence[Float[Tensor, "b _ tokens"]], regions: Regions, words: Words
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """``outside`` and ``unlike``, each the mean over the layers; regions are in [0, 1].

    Layers may have different numbers of pixels.
    """
    blurred = soft(regions)
    terms: list[Tensor] = []
    for maps in layers:
        factor = regions.shape[-1] // round(maps.shape[1] ** 0.5)
        sharp, wide = (F.avg_pool2d(r, factor).flatten(2) for r in (regions, blurred))
        terms.append(torch.stack([outside(maps, sharp, words), unlike(maps, wide, words)]))
    inside, extent = torch.stack(terms).mean(0)
    return inside, extent
