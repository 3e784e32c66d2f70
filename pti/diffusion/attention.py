"""Capture and re-weight a UNet's cross-attention while it runs, then restore its layers.

Prompt-to-Prompt (Hertz et al., 2022, arXiv:2208.01626) averages the maps over layers, heads and
steps, and multiplies the maps of chosen tokens.
"""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pti.diffusion.memory import Tensors
from pti.diffusion.model import LatentDiffusion

COARSEST_USEFUL = 16
"""Maps are captured at 16 by 16, as in Prompt-to-Prompt, or at the largest side below that; of
larger latents than Stable Diffusion's at a quarter of their side, which 16 is of 64."""

Maps = Float[Tensor, "b side side tokens"]
TokenWeights = Float[Tensor, "b tokens"]


@dataclass
class Watch:
    """The cross-attention maps of the conditional branch, captured since watching began.

    ``layers`` is the number of cross-attention layers captured at each UNet call: those of ``side``
    by ``side`` pixels. ``weights`` multiply the attention to each token, in every layer.
    """

    images: int
    side: int
    layers: int
    weights: TokenWeights | None
    total: Tensor | None = None
    seen: int = 0

    def maps(self) -> Maps:
        """The mean over layers, heads and UNet calls; each pixel's tokens sum to 1.

        Raises ``RuntimeError`` where the UNet calls did not give ``layers`` maps each.
        """
        return (self._checked() / self.seen).unflatten(1, (self.side, self.side))

    def gathered(self) -> Tensors:
        """The sum of all maps, and their number, of each image; raises what ``maps`` raises."""
        return {"maps": self._checked(), "seen": torch.full((self.images, 1), self.seen)}

    def resume(self, gathered: Tensors) -> None:
        """Go on from what an earlier watch has gathered."""
        self.total, self.seen = gathered["maps"], int(gathered["seen"][0])

    def _checked(self) -> Tensor:
        if self.total is None or self.seen % self.layers:
            raise RuntimeError(
                f"captured {self.seen} cross-attention maps of {self.side} by {self.side}, where "
                f"every call of the UNet should give {self.layers}: it is not the UNet it says"
            )
        return self.total

    def add(self, probabilities: Float[Tensor, "b heads pixels tokens"]) -> None:
        """Add the maps of one layer at one UNet call."""
        mean = probabilities.to(torch.promote_types(probabilities.dtype, torch.float32)).mean(1)
        self.total = mean if self.total is None else self.total + mean
        self.seen += 1


@contextmanager
def watched(
    model: LatentDiffusion, images: int, weights: TokenWeights | None = None
) -> Generator[Watch]:
    """Capture the last ``images`` samples of each UNet call: with guidance, the conditional half.

    Without ``weights`` the UNet's output stays identical, bit by bit. Raises ``RuntimeError`` where
    the UNet does not have the number of cross-attention layers that its config implies.
    """
    expected = cross_attention_layers(model.unet_config)
    before = model.attention
    found = [name for name in before if ".attn2." in name]
    if len(found) != sum(expected.values()):
        raise RuntimeError(
            f"the UNet has {len(found)} cross-attention layers named attn2, but by its config "
            f"there should be {sum(expected.values())}: it is not the UNet it says"
        )
    most = max(COARSEST_USEFUL, model.unet_config.sample_size // 4)
    side = max(side for side in expected if side <= most)
    watch = Watch(images, side, expected[side], weights)
    watching = {name: _Watching(before[name], watch) for name in found}
    with model.attending(watching):
        yield watch


def cross_attention_layers(config: Any) -> Counter[int]:
    """The number of cross-attention layers for each side, in pixels, of the UNet's feature maps."""
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


@dataclass
class _Watching:
    """An attention processor that calls the original one and captures its maps."""

    inner: Any
    watch: Watch

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor, *rest: Any, **kw: Any
    ) -> Tensor:
        out = self.inner(attn, hidden_states, encoder_hidden_states, *rest, **kw)
        pixels, context = (
            states[-self.watch.images :] for states in (hidden_states, encoder_hidden_states)
        )
        captured = pixels.shape[1] == self.watch.side**2
        if not captured and self.watch.weights is None:
            return out
        probabilities = _probabilities(attn, pixels, context)
        if captured:
            self.watch.add(probabilities.unflatten(0, (-1, attn.heads)))
        if self.watch.weights is None:
            return out
        weights = self.watch.weights.to(probabilities).repeat_interleave(attn.heads, dim=0)
        value = attn.head_to_batch_dim(attn.to_v(context))
        mixed = attn.batch_to_head_dim(probabilities * weights[:, None] @ value)
        edited = attn.to_out[1](attn.to_out[0](mixed))
        return torch.cat([out[: -self.watch.images], edited.to(out)])


def _probabilities(
    attn: Any, pixels: Float[Tensor, "b pixels channels"], context: Tensor
) -> Float[Tensor, "b_heads pixels tokens"]:
    query = attn.head_to_batch_dim(attn.to_q(pixels))
    key = attn.head_to_batch_dim(attn.to_k(context))
    return attn.get_attention_scores(query, key)
