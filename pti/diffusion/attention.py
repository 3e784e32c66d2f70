"""Watch and re-weight the cross-attention of a UNet while it runs.

Prompt-to-Prompt (Hertz et al., 2022, arXiv:2208.01626) averages the maps over layers, heads and
steps, and multiplies the maps of chosen tokens.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pti.diffusion.control import Heads, Terms, attended, open_attention
from pti.diffusion.layers import Layer
from pti.diffusion.memory import Tensors
from pti.diffusion.model import LatentDiffusion
from pti.errors import InputError

COARSEST_USEFUL = 16
"""Maps are captured at 16 by 16, as in Prompt-to-Prompt, or at the largest side below that; of
larger latents than Stable Diffusion's at a quarter of their side, which 16 is of 64."""

Maps = Float[Tensor, "b side side m"]
Chosen = Float[Tensor, "b tokens m"]
"""What each token counts in each of m maps: 1 for a token that belongs to it, else 0."""

TokenWeights = Float[Tensor, "b tokens"]


@dataclass(eq=False)
class Watch:
    """The attention to chosen tokens, of the last b rows of each UNet call since watching began.

    With guidance these are the conditional half. ``layers`` is the number of cross-attention
    layers captured at each UNet call: those of ``side`` by ``side`` pixels.
    """

    chosen: Chosen
    side: int
    layers: int
    total: Float[Tensor, "b pixels m"] | None = None
    seen: int = 0

    def maps(self) -> Maps:
        """The mean over layers, heads and UNet calls; the maps of all tokens sum to 1.

        Raises ``RuntimeError`` where the UNet calls did not give ``layers`` maps each.
        """
        return (self._checked() / self.seen).unflatten(1, (self.side, self.side))

    def gathered(self) -> Tensors:
        """The sum of all maps, and their number, of each image; raises what ``maps`` raises."""
        return {"maps": self._checked(), "seen": torch.full((len(self.chosen), 1), self.seen)}

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

    def sees(self, layer: Layer) -> bool:
        """Whether the layer's maps are captured."""
        return layer.kind == "cross" and layer.side == self.side

    def add(self, query: Heads, key: Heads, terms: Terms) -> None:
        """Add the maps of one layer at one UNet call: attention, with the tokens as its values."""
        count, of = len(self.chosen), len(query)
        fine = torch.promote_types(query.dtype, torch.float32)
        values = self.chosen.new_zeros(of, *self.chosen.shape[1:], dtype=fine)
        values[of - count :] = self.chosen
        every = values[:, None].expand(-1, query.shape[1], -1, -1)
        of_last = [term.of(of - count, of) for term in terms]
        with torch.autocast(query.device.type, enabled=False):
            attention = attended(query.to(fine), key.to(fine), every, of_last)
        mean = attention[of - count :].mean(1)
        self.total = mean if self.total is None else self.total + mean
        self.seen += 1


@contextmanager
def watched(model: LatentDiffusion, chosen: Chosen) -> Generator[Watch]:
    """Capture the attention to chosen tokens; raises what ``open_attention`` raises.

    The UNet's output stays identical, bit by bit.
    """
    with open_attention(model) as attention:
        side = side_of_maps(attention.layers, model.latent_shape[-1])
        layers = sum(layer.kind == "cross" and layer.side == side for layer in attention.layers)
        watch = Watch(chosen, side, layers)
        with attention.observed(watch):
            yield watch


def side_of_maps(layers: Sequence[Layer], latent_side: int) -> int:
    """The side of the maps that masks are made of, in pixels.

    Raises ``InputError`` where no cross-attention is so coarse.
    """
    most = max(COARSEST_USEFUL, latent_side // 4)
    sides = [layer.side for layer in layers if layer.kind == "cross" and layer.side <= most]
    if not sides:
        raise InputError(
            f"the UNet has no cross-attention of {most} by {most} or coarser, of which masks are "
            "made: choose a mask that reads none, such as mask@method.edit.mask=contrast"
        )
    return max(sides)


@dataclass(frozen=True, eq=False)
class Reweighted:
    """Multiplies the attention to each token, of the last b rows, in every cross-attention."""

    weights: TokenWeights

    def __call__(self, layer: Layer, terms: Terms, count: int) -> Terms:
        """The terms with the weights in their mixes."""
        if layer.kind == "self":
            return terms
        return [term.weighed(self.weights, count) for term in terms]
