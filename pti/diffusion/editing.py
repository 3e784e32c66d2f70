"""Edit by guided sampling of the target prompt, blended with the picture's own latents."""

from dataclasses import astuple, dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

from pti.diffusion.blending import Blend, Gathering, Masker, NoMask, check
from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import Guidance
from pti.diffusion.memory import Piece, Tensors
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.movers import State
from pti.diffusion.sampling import After, descend, unchanged
from pti.errors import InputError, one_of
from pti.types import Batch, Contexts, Edit, Inversion, Latent, Path, constant

Background = Literal["trajectory", "retraced"]


@dataclass(frozen=True)
class SampleTarget:
    """Samples the target prompt from z*_K, with the inversion's null embeddings.

    After DDIM inversion alone this is DDIM-Edit (attention mask), DDIM-Global (no mask) or DiffEdit
    (mask by noise contrast), which differ only in the mask (paper, Section 4.2). Outside the mask
    ``background`` is kept: the latents of the DDIM trajectory, or those of retracing.
    """

    shares_work: ClassVar[bool] = True

    mask: Masker = field(default_factory=NoMask)
    omega: float = 7.5
    background: Background = "trajectory"

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for an unknown background."""
        one_of("background", self.background, Background)

    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> Edit:
        """Make 2K forward passes per image (K at omega 0 or 1), and those of the mask.

        That is one prediction a step; some movers of a schedule make more, or fewer.
        """
        self._check_mask()
        sampling = _Sampling(self, model, schedule, inversion, batch)
        if not sampling.is_remembered:
            return sampling.edit()
        result = model.recall(sampling.piece(), sampling.tensors)
        return Edit(result["z"], result.get("mask"))

    @property
    def reads_retraced(self) -> bool:
        """Whether it needs the latents of the reconstruction: see ``Method.inverted``."""
        return self.background == "retraced"

    def check(self, model: LatentDiffusion, batch: Batch) -> None:
        """Raise ``InputError`` where the mask does not support an item of the batch."""
        self._check_mask()
        check(self.mask, model, batch)

    def _check_mask(self) -> None:
        if getattr(self.mask, "reads_source", False):
            raise InputError(
                f"{type(self.mask).__name__} reads the attention of the picture's own branch: "
                "choose an editor that has one, such as method=p2p, or a different mask"
            )

    def condition(self, inversion: Inversion, target: Contexts) -> Contexts:
        """The conditional embedding of each step: here the target prompt's."""
        del inversion
        return target

    def guidance(self, null: Contexts, cond: Contexts) -> Guidance:
        """How the branches of each step are combined; what overrides it can't share work."""
        return Guidance(null, cond, self.omega)

    def background_of(self, inversion: Inversion) -> Path:
        """The latents that are kept outside the mask."""
        return inversion.path if self.background == "trajectory" else inversion.retraced

    def adjust(self, inversion: Inversion, index: int, z: Latent) -> Latent:
        """Change a latent before it is blended; here it stays unchanged."""
        del inversion, index
        return z


@dataclass(frozen=True)
class _Sampling:
    """The sampling of one batch, of which a model may remember the beginning and the end."""

    editor: SampleTarget
    model: LatentDiffusion
    schedule: Schedule
    inversion: Inversion
    batch: Batch

    @property
    def is_remembered(self) -> bool:
        """Whether ``piece`` says all that the mask depends on; a subclass must say so itself.

        Whether it says all of the editor is asked by who gives the model its memory.
        """
        return vars(type(self.editor.mask)).get("reads_path_alone", False)

    @cached_property
    def cond(self) -> Contexts:
        """The conditional embedding of each step."""
        target = constant(self.model.embed(self.batch.targets), len(self.schedule))
        return self.editor.condition(self.inversion, target)

    @cached_property
    def background(self) -> Path:
        """The latents outside the mask."""
        return self.editor.background_of(self.inversion)

    def piece(self) -> Piece:
        """The whole edit: two editors with the same embeddings and mask make the same picture."""
        path = {"path": self.inversion.path, "background": self.background}
        embeddings = {"null": self.inversion.null, "cond": self.cond}
        inputs = {**self.batch.columns(), **path, **embeddings, **_tensors(self.start)}
        parts = (self.editor.mask, self.schedule.mover)
        return Piece("whole edit", __name__, self._settings(), inputs, parts)

    @cached_property
    def start(self) -> State:
        """The noisiest level."""
        return State.at_the_end_of(self.inversion)

    def tensors(self) -> Tensors:
        """The edit as tensors by name."""
        edit = self.edit()
        return {"z": edit.z} | ({} if edit.mask is None else {"mask": edit.mask})

    def edit(self) -> Edit:
        """Sample, and blend after each step from the first that the mask blends."""
        with self.editor.mask(self.model, self.schedule, self.inversion, self.batch) as mask_after:
            blend, begun, state = Blend(mask_after, self.background), 0, self.start
            if self.is_remembered and isinstance(mask_after, Gathering) and mask_after.first:
                begun, state = mask_after.first, self._begin(mask_after)
            state = self._sample(state, range(begun, len(self.schedule)), blend)
        return Edit(state.z, blend.mask)

    def _begin(self, mask: Gathering) -> State:
        """The state before the first step that is blended; ``mask`` has gathered until there."""
        steps, count = range(mask.first), mask.first
        contexts = {"null": self.inversion.null[:, :count], "cond": self.cond[:, :count]}
        inputs = {**mask.about, **contexts, **_tensors(self.start)}

        def compute() -> Tensors:
            return {**_moving(self._sample(self.start, steps)), **mask.gathered()}

        settings = {**self._settings(), "steps": count}
        piece = Piece("steps before blending", __name__, settings, inputs, (self.schedule.mover,))
        result = self.model.recall(piece, compute)
        mask.resume(result)
        return replace(self.start, z=result["z"], partner=result.get("partner"))

    def _sample(self, state: State, steps: range, after: After = unchanged) -> State:
        """The state after these steps of the schedule; each latent is adjusted before ``after``."""
        states = descend(
            self.model,
            self.schedule,
            state,
            self.editor.guidance(self.inversion.null, self.cond),
            after=lambda index, z: after(index, self.editor.adjust(self.inversion, index, z)),
            steps=steps,
        )
        return states[-1]

    def _settings(self) -> dict[str, Any]:
        return {"omega": self.editor.omega, "moves": [astuple(step) for step in self.schedule]}


def _moving(state: State) -> Tensors:
    return {"z": state.z} | ({} if state.partner is None else {"partner": state.partner})


def _tensors(state: State) -> Tensors:
    constant = {} if state.residuals is None else {"residuals": state.residuals}
    return _moving(state) | constant
