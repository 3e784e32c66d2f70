"""Editing beside the source's branch, written out: full maps of attention, and a plain DDIM loop.

Nothing here calls ``pti.diffusion.control``; what our controls give is compared with it.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from math import isqrt, sqrt
from typing import Any, Literal

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor

from baselines.ddim import Ddim
from pti.diffusion.editing import SampleTarget
from pti.diffusion.load import assemble
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.trace import Trace
from pti.diffusion.two_branches import TwoBranches
from pti.types import Batch, Inversion, Latent
from tests.tiny import edit_batch, parts

OMEGA = 3.0
INVERT = Ddim(Trace(steps=5, ratio=0.8, omega=1.0), omega=OMEGA)
K = 4
PICTURES = 2

Whose = Literal["source", "target"]
Row = tuple[Whose, Tensor]
"""Whose latents rows of a UNet call have, and their embeddings."""


def double(unet: Any) -> LatentDiffusion:
    """The tiny model with another UNet, in float64."""
    made = {**parts(), "unet": unet}
    for name in ("vae", "unet", "text_encoder"):
        made[name].double()
    made["scheduler"].alphas_cumprod = made["scheduler"].alphas_cumprod.double()
    return assemble(made, digest="tiny", device=torch.device("cpu"), precision="fp32")


def two_sides(seed: int = 0) -> LatentDiffusion:
    """The tiny model with attention at both of its sides, 16 and 8, and sharp maps."""
    torch.manual_seed(seed)
    unet: Any = UNet2DConditionModel(
        sample_size=16,
        down_block_types=("CrossAttnDownBlock2D",) * 2,
        up_block_types=("CrossAttnUpBlock2D",) * 2,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=16,
        attention_head_dim=2,
    )
    for name, weight in unet.named_parameters():
        if "attn2" in name or "to_q" in name or "to_k" in name:
            weight.data *= 4
    unet.conv_out.weight.data *= 0.2
    return double(unet)


@dataclass(frozen=True)
class Place:
    """An attention layer, as its name and what it is given tell it."""

    name: str
    crosses: bool
    side: int


@dataclass
class Explicit:
    """Attention with its maps held in full, each of them given to ``maps`` of a subclass."""

    step: int = 0

    def states(self, place: Place, query: Tensor, key: Tensor, value: Tensor) -> Sequence[Tensor]:
        """Queries, keys and values, before there are maps."""
        del place
        return query, key, value

    def maps(self, place: Place, maps: Tensor) -> Tensor:
        """The maps, of shape [rows, heads, pixels, tokens]."""
        del place
        return maps

    def attend(self, name: str, attn: Any, pixels: Tensor, context: Tensor | None = None) -> Tensor:
        """What an attention processor returns."""
        place = Place(name, context is not None, isqrt(pixels.shape[1]))
        seen = pixels if context is None else context
        given = (attn.to_q(pixels), attn.to_k(seen), attn.to_v(seen))
        query, key, value = (
            one.unflatten(2, (attn.heads, -1)).transpose(1, 2) for one in self.states(place, *given)
        )
        scores = query @ key.transpose(2, 3) / sqrt(query.shape[3])
        out = self.maps(place, torch.softmax(scores, -1)) @ value
        return attn.to_out[0](out.transpose(1, 2).flatten(2))

    def at(self, model: LatentDiffusion, step: int) -> AbstractContextManager[None]:
        """The model with this attention, at a step."""
        self.step = step
        return model.attending({name: _Processor(name, self) for name in model.attention})


@dataclass
class _Processor:
    name: str
    edit: Explicit

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        **rest: Any,
    ) -> Tensor:
        assert all(value is None for value in rest.values())
        return self.edit.attend(self.name, attn, hidden_states, encoder_hidden_states)


def written_out(
    model: LatentDiffusion,
    inversion: Inversion,
    rows: Sequence[Row],
    at: Callable[[LatentDiffusion, int], AbstractContextManager[None]] | None = None,
) -> Latent:
    """The target, sampled with guidance; of its rows the null one comes first."""
    schedule = INVERT.schedule(model)
    assert len(schedule) == K
    mine = [index for index, (whose, _) in enumerate(rows) if whose == "target"]
    target = inversion.path[:, -1]
    with torch.no_grad():
        for index, step in enumerate(schedule):
            latents = {"source": inversion.retraced[:, K - index], "target": target}
            stacked = torch.cat([latents[whose] for whose, _ in rows])
            with at(model, index) if at else nullcontext():
                out = model.predict(stacked, step.t, torch.cat([row for _, row in rows]))
            null, cond = (out.chunk(len(rows))[each] for each in mine)
            noise = null + OMEGA * (cond - null)
            clean = (target - sqrt(1 - step.alpha) * noise) / sqrt(step.alpha)
            target = sqrt(step.alpha_previous) * clean + sqrt(1 - step.alpha_previous) * noise
    return target


def rows_of(model: LatentDiffusion, named: Sequence[tuple[Whose, Sequence[str]]]) -> list[Row]:
    """Rows of these branches, with the embeddings of their prompts."""
    return [(whose, model.embed(prompts)) for whose, prompts in named]


def three_rows(model: LatentDiffusion, batch: Batch, source: Sequence[str]) -> list[Row]:
    """The target's null row, the source's, and the target's."""
    null = [""] * len(batch)
    return rows_of(model, [("target", null), ("source", source), ("target", batch.targets)])


@cache
def model_and_inversion() -> tuple[LatentDiffusion, Inversion]:
    """Two sides, and the first pictures of the tiny batch: made once, and changed by no test."""
    model = two_sides()
    return model, INVERT(model, edit_batch(PICTURES))


def edited(model: LatentDiffusion, inversion: Inversion, batch: Batch, control: Any) -> Latent:
    """What our code makes of it."""
    editor = TwoBranches(control, SampleTarget(omega=OMEGA))
    return editor(model, INVERT.schedule(model), inversion, batch).z


def close(ours: Tensor, theirs: Tensor) -> None:
    """Equal but for rounding."""
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)
