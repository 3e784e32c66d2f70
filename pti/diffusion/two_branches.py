"""Edit beside the picture's own branch, from which the target's takes attention or features."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from pti.diffusion.blending import Blend, check
from pti.diffusion.branches import BranchControl, BranchRows, ControlAt
from pti.diffusion.control import Attention, check_attention, open_attention
from pti.diffusion.ddim import Schedule
from pti.diffusion.editing import SampleTarget
from pti.diffusion.guidance import Guidance
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.movers import Predict, State
from pti.diffusion.sampling import descend
from pti.errors import one_of
from pti.types import Batch, Contexts, Edit, Inversion, Latent, constant

Source = Literal["caption", "target"]

RowContext = Float[Tensor, "rows tokens width"]


@dataclass(frozen=True)
class TwoBranches:
    """Samples the target as ``target`` does, beside the picture's own branch.

    The source's latents are known: after each step its row is put back on those of the
    reconstruction, ``Inversion.retraced``, which for Direct Inversion is the trajectory. Its row is
    there to be looked at, so that its own guidance is not computed. ``control=None`` leaves it out
    altogether. ``source`` is the prompt whose words the inversion's conditional embedding has, and
    which the target's words are aligned with: PTI tunes the target's.
    """

    control: BranchControl | None = None
    target: SampleTarget = field(default_factory=SampleTarget)
    source: Source = "caption"

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for an unknown source, or an omega that leaves out the target."""
        one_of("source", self.source, Source)
        if self.target.omega == 0:
            raise ValueError("omega=0 leaves the target's prompt out: nothing would be edited")
        if self.control is None and getattr(self.target.mask, "reads_source", False):
            raise ValueError(
                f"{type(self.target.mask).__name__} reads the attention of the picture's own "
                "branch, which control=null leaves out: choose a different mask"
            )

    @property
    def reads_retraced(self) -> bool:
        """Whether it needs the latents of the reconstruction: see ``Method.inverted``."""
        return self.control is not None or self.target.reads_retraced

    def refuse(self, half: object) -> None:
        """Raise ``ValueError`` where ``source`` is not the prompt that the inverter embeds."""
        source = "target" if getattr(half, "reads_target", False) else "caption"
        if self.control is not None and self.source != source:
            raise ValueError(
                f"source={self.source}: the embeddings of {type(half).__name__} have the words of "
                f"the {source}; give source={source}"
            )

    def check(self, model: LatentDiffusion, batch: Batch) -> None:
        """Raise ``InputError`` where the mask or the control can't edit an item of the batch."""
        if self.control is None:
            self.target.check(model, batch)
        else:
            check_attention(model)
            check(self.target.mask, model, self._seen(batch))
            self.control.check(model, self._seen(batch))

    def _seen(self, batch: Batch) -> Batch:
        """The batch with the source's prompts as its captions."""
        if self.source == "caption":
            return batch
        return replace(batch, captions=batch.targets, old_phrases=batch.phrases)

    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> Edit:
        """Make 3K forward passes per image, 4K to read the source's null, 2K at omega 1.

        That is one prediction a step; some movers of a schedule make more, or fewer.
        """
        if self.control is None:
            return self.target(model, schedule, inversion, batch)
        target = constant(model.embed(batch.targets), len(schedule))
        guidance = self.target.guidance(inversion.null, self.target.condition(inversion, target))
        seen = self._seen(batch)
        guided = guidance.alone is None
        nulls = (guided and self.control.reads_null, guided)
        rows = BranchRows(len(batch), *nulls, device=model.device)
        with (
            open_attention(model) as attention,
            self.target.mask(model, schedule, inversion, seen) as mask_after,
            self.control(model, rows, len(schedule), seen) as control_at,
        ):
            source = self._source_context(model, inversion, batch)
            both = _Both(rows, guidance, source, attention, control_at)
            blend = Blend(mask_after, self.target.background_of(inversion))
            after = partial(self._after, blend, inversion)
            states = descend(model, schedule, _doubled(inversion), both, after)
        return Edit(states[-1].z.chunk(2)[1], blend.mask)

    def _source_context(
        self, model: LatentDiffusion, inversion: Inversion, batch: Batch
    ) -> Contexts:
        assert self.control is not None
        if self.control.source_prompt == "inversion":
            return inversion.cond
        return constant(model.embed([""] * len(batch)), inversion.cond.shape[1])

    def _after(self, blend: Blend, inversion: Inversion, index: int, z: Latent) -> Latent:
        """The source put back, and the target blended."""
        target = self.target.adjust(inversion, index, z.chunk(2)[1])
        return torch.cat([inversion.retraced[:, -2 - index], blend(index, target)])


def _doubled(inversion: Inversion) -> State:
    """Source and target at the noisiest level."""

    def twice(value: Tensor | None) -> Any:
        return None if value is None else torch.cat([value, value])

    return State(*map(twice, (inversion.path[:, -1], inversion.partner, inversion.residuals)))


@dataclass(frozen=True)
class _Both:
    """Predicts for both branches in one call of the UNet."""

    rows: BranchRows
    guidance: Guidance
    source: Contexts
    attention: Attention
    control_at: ControlAt

    def at(self, model: LatentDiffusion, index: int) -> Predict:
        """The source's own output, and the target's guided one."""
        null, cond = self.guidance.null[:, index], self.guidance.cond[:, index]
        nulls = [null] * (self.rows.source_null + self.rows.target_null)
        contexts = torch.cat([*nulls, self.source[:, index], cond])
        return partial(self._predict, model, index, contexts)

    def _predict(
        self, model: LatentDiffusion, index: int, contexts: RowContext, z: Latent, t: int
    ) -> Latent:
        stacked = self.rows.stacked(*z.chunk(2))
        with self.attention.controlled(self.control_at(index)):
            out = model.predict(stacked, t, contexts)
        source, null, cond = self.rows.split(out)
        return torch.cat([source, cond if null is None else self.guidance.combine(null, cond)])
