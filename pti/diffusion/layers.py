"""The attention layers of a UNet, in the order in which it calls them."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from pti.diffusion.model import LatentDiffusion

Kind = Literal["self", "cross"]
Part = Literal["down", "mid", "up"]

NAME = re.compile(
    r"(?P<part>down|up|mid)_block(?:s\.(?P<block>\d+))?\.attentions\.(?P<place>\d+)\..*\.attn(?P<kind>[12])\b"
)
ORDER: tuple[Part, ...] = ("down", "mid", "up")


@dataclass(frozen=True)
class Layer:
    """An attention layer: its processor's name, and where it is.

    ``block`` counts from 0 within the encoder ("down") and within the decoder ("up"), in the order
    of calls, and ``place`` within the block. ``side`` is the height and width of its feature maps,
    in latent pixels.
    """

    name: str
    kind: Kind
    part: Part
    block: int
    place: int
    side: int


def layers_of(model: LatentDiffusion) -> tuple[Layer, ...]:
    """All attention layers, in the order of calls.

    Raises ``RuntimeError`` where the UNet does not have the layers that its config implies.
    """
    config = model.unet_config
    found = [layer for name in model.attention if (layer := _layer(name, config))]
    ordered = sorted(found, key=lambda layer: (ORDER.index(layer.part), layer.block))
    for kind in ("self", "cross"):
        sides = Counter(layer.side for layer in ordered if layer.kind == kind)
        if sides != (expected := cross_attention_layers(config)):
            raise RuntimeError(
                f"the UNet has {sides.total()} {kind}-attention layers named attn, by side "
                f"{dict(sides)}, but by its config there should be {dict(expected)}: it is not the "
                "UNet it says"
            )
    return tuple(ordered)


def _layer(name: str, config: Any) -> Layer | None:
    place = NAME.match(name)
    if place is None:
        return None
    part: Any = place["part"]
    block, levels = int(place["block"] or 0), len(config.down_block_types)
    level = {"down": block, "mid": levels - 1, "up": levels - 1 - block}[part]
    kind: Kind = "self" if place["kind"] == "1" else "cross"
    return Layer(name, kind, part, block, int(place["place"]), config.sample_size >> level)


def cross_attention_layers(config: Any) -> Counter[int]:
    """The number of cross-attention layers for each side, in pixels, of the UNet's feature maps.

    Each has a self-attention layer before it.
    """
    levels = len(config.down_block_types)
    sides = [config.sample_size >> level for level in range(levels)]
    blocks = _by_level(config.layers_per_block, levels)
    depths = _by_level(config.transformer_layers_per_block, levels)
    layers: Counter[int] = Counter()
    for side, kind, count, depth in zip(
        sides, config.down_block_types, blocks, depths, strict=True
    ):
        if "CrossAttn" in kind:
            layers[side] += count * depth
    if "CrossAttn" in (config.mid_block_type or ""):
        layers[sides[-1]] += depths[-1]
    upwards = zip(sides[::-1], config.up_block_types, blocks[::-1], depths[::-1], strict=True)
    for side, kind, count, depth in upwards:
        if "CrossAttn" in kind:
            layers[side] += (count + 1) * depth
    return layers


def _by_level(value: Any, levels: int) -> list[int]:
    return [value] * levels if isinstance(value, int) else list(value)
