"""The one typed boundary to diffusers and transformers."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from pti.diffusion.calls import Calls, Stage
from pti.diffusion.ddim import Schedule
from pti.diffusion.domain import Domain
from pti.diffusion.memory import Memory, forgetful
from pti.diffusion.phrases import spans
from pti.diffusion.precision import Precision, autocast
from pti.errors import InputError
from pti.types import Context, Image, Latent

AUTOENCODED = {"cuda": 4}
"""How many pictures go through the autoencoder together, by the kind of device; all on a CPU.

Each takes 0.8 GB at 512 pixels, more than in the UNet.
"""


@dataclass
class LatentDiffusion:
    """A frozen Stable Diffusion model; ``calls`` counts every pass through its UNet.

    ``precision="bf16"`` runs the UNet under autocast; embeddings, losses and DDIM steps keep the
    dtype of the latents. ``digest`` names the weights in cache keys and provenance. ``domain`` is
    the domain of a small model, None for a model of any picture and any word. ``recall`` is its
    memory of work that methods have in common.
    """

    vae: Any
    unet: Any
    text_encoder: Any
    tokenizer: Any
    scheduler: Any
    digest: str
    precision: Precision = "fp32"
    calls: Calls = field(default_factory=Calls)
    stage: Stage = "sample"
    domain: Domain | None = None
    recall: Memory = forgetful

    @contextmanager
    def remembering(self, memory: Memory) -> Generator[None]:
        """Use this memory inside this context."""
        before, self.recall = self.recall, memory
        try:
            yield
        finally:
            self.recall = before

    @contextmanager
    def counting(self, stage: Stage) -> Generator[None]:
        """Count the UNet calls inside this context under ``stage``."""
        before, self.stage = self.stage, stage
        try:
            yield
        finally:
            self.stage = before

    @contextmanager
    def watched(self, tell: Callable[[Stage, int], None]) -> Generator[None]:
        """Call ``tell`` with the stage and the timestep after each UNet call in this context."""
        hook = self.unet.register_forward_hook(lambda _, given, __: tell(self.stage, int(given[1])))
        try:
            yield
        finally:
            hook.remove()

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self._weight.device

    @property
    def _weight(self) -> Tensor:
        """A weight of the UNet; diffusers' own ``device`` and ``dtype`` search all its modules."""
        return next(self.unet.parameters())

    @property
    def side(self) -> int:
        """Height and width of the model's pictures, in pixels."""
        scale = 2 ** (len(self.vae.config.block_out_channels) - 1)
        return self.unet.config.sample_size * scale

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one latent."""
        config = self.unet.config
        return config.in_channels, config.sample_size, config.sample_size

    @property
    def parameters(self) -> dict[str, int]:
        """The number of weights of each network."""
        networks = {"vae": self.vae, "unet": self.unet, "text_encoder": self.text_encoder}
        return {
            name: sum(weight.numel() for weight in network.parameters())
            for name, network in networks.items()
        }

    @property
    def unet_config(self) -> Any:
        """The UNet's configuration, as diffusers gives it."""
        return self.unet.config

    @property
    def attention(self) -> dict[str, Any]:
        """The UNet's attention processors, by the names of their layers."""
        return dict(self.unet.attn_processors)

    @contextmanager
    def attending(self, processors: Mapping[str, Any]) -> Generator[None]:
        """Use these attention processors inside this context, then restore the original ones."""
        before = self.attention
        self.unet.set_attn_processor({**before, **processors})
        try:
            yield
        finally:
            self.unet.set_attn_processor(before)

    @contextmanager
    def hooked(self, name: str, hook: Callable[[Tensor], Tensor]) -> Generator[None]:
        """Put the output of the UNet's module ``name`` through ``hook`` inside this context."""
        module = self.unet.get_submodule(name)
        handle = module.register_forward_hook(lambda _, __, out: hook(out))
        try:
            yield
        finally:
            handle.remove()

    def has_module(self, name: str) -> bool:
        """Whether the UNet has a module of this name."""
        return any(name == known for known, _ in self.unet.named_modules())

    def schedule(self, steps: int, ratio: float = 1.0, offset: int | None = None) -> Schedule:
        """Steps over this model's noise schedule; ``offset=None`` takes the model's own.

        Raises ``InputError`` where an offset is given, and the model's spacing has none.
        """
        config = self.scheduler.config
        if offset is not None and config.timestep_spacing != "leading":
            raise InputError(
                f"steps_offset={offset} shifts timesteps that are spaced as 'leading', and this "
                f"model's are spaced as {config.timestep_spacing!r}: leave it out"
            )
        return Schedule.spaced(
            self.scheduler.alphas_cumprod,
            steps=steps,
            ratio=ratio,
            offset=config.steps_offset if offset is None else offset,
            alpha_final=1.0 if config.set_alpha_to_one else None,
            spacing=config.timestep_spacing,
            prediction=config.prediction_type,
        )

    @property
    def timesteps(self) -> int:
        """The number of timesteps of the noise schedule, 1000 for Stable Diffusion."""
        return len(self.scheduler.alphas_cumprod)

    @property
    def text_length(self) -> int:
        """The number of tokens in every padded or cut prompt, begin and end tokens included."""
        return self.text_encoder.config.max_position_embeddings

    def cut_by_tokenizer(self, prompt: str) -> str:
        """The end of ``prompt`` that the text encoder does not see; empty where it sees all."""
        tokens = self.tokenizer.encode(prompt, add_special_tokens=False, verbose=False)
        return self.tokenizer.decode(tokens[self.text_length - 2 :]).strip()

    def tokens(self, prompt: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The ids of the tokens of ``prompt``, not padded, and the characters that each spells.

        Characters are offsets into ``prompt``, begin and end. The begin and end tokens are among
        the tokens and spell none. Nothing is cut off, however long the prompt is.
        """
        encoding = self.tokenizer(prompt, return_offsets_mapping=True, verbose=False)
        return encoding.input_ids, encoding.offset_mapping

    def positions(self, prompt: str, phrases: Sequence[str]) -> list[int]:
        """The indices of the tokens of ``phrases`` among the tokens of ``prompt``, sorted.

        A token belongs to a phrase where it spells any character of it. Raises ``InputError`` where
        ``phrases`` is empty, or for a phrase that is blank, not in the prompt, or cut off.
        """
        _, whole = self.tokens(prompt)
        part = self._padded(prompt, return_offsets_mapping=True).offset_mapping
        tokens: set[int] = set()
        for phrase in phrases:
            if not phrase.strip():
                raise InputError(
                    f"an empty phrase is named for {prompt!r}: take it out of its words"
                )
            places = spans(phrase, prompt)
            if not places:
                raise InputError(
                    f"the prompt {prompt!r} does not contain {phrase!r}: name its words"
                )
            pairs = [(over(whole, place), over(part, place)) for place in places]
            full = [inside for everywhere, inside in pairs if len(inside) == len(everywhere)]
            if not full:
                raise InputError(
                    f"{phrase!r} was cut off: its prompt is longer than the {self.text_length} "
                    "tokens that the text encoder takes; shorten it, or name other words"
                )
            tokens.update(*full)
        if not tokens:
            raise InputError(f"no words of the prompt {prompt!r} are named to blend on: give some")
        return sorted(tokens)

    @torch.no_grad()
    def embed(self, prompts: Sequence[str]) -> Context:
        """Last hidden states of the text encoder, for prompts padded to ``text_length``."""
        tokens = self._padded(list(prompts), return_tensors="pt")
        hidden = self.text_encoder(tokens.input_ids.to(self.device)).last_hidden_state
        return hidden.to(self.vae.dtype)

    def predict(self, z: Latent, t: int, context: Context) -> Latent:
        """The UNet's output at timestep ``t``, in the dtype of ``z``: see ``Step`` for its meaning.

        It is the noise, or v, as the scheduler's ``prediction_type`` says.
        """
        self.calls += Calls({(self.stage, "forward"): len(z)})
        with autocast(self.device, self.precision):
            dtype = self._weight.dtype
            out = self.unet(z.to(dtype), t, context.to(dtype)).sample
        if out.requires_grad:
            out.register_hook(partial(self._count_backward, self.stage))
        return out.to(z.dtype)

    @torch.no_grad()
    def encode(self, images: Image) -> Latent:
        """The scaled mean of the posterior, which is deterministic, unlike a sample."""
        pixels = images.to(self.device, self.vae.dtype) * 2 - 1
        means = [self.vae.encode(part).latent_dist.mean for part in self._parts(pixels)]
        return torch.cat(means) * self.vae.config.scaling_factor

    @torch.no_grad()
    def decode(self, z: Latent) -> Image:
        """The pixels of ``z``, clamped to [0, 1]."""
        scaled = z.to(self.vae.dtype) / self.vae.config.scaling_factor
        pixels = [self.vae.decode(part).sample for part in self._parts(scaled)]
        return (torch.cat(pixels) / 2 + 0.5).clamp(0, 1)

    def _parts(self, batch: Tensor) -> Sequence[Tensor]:
        return batch.split(AUTOENCODED.get(self.device.type, len(batch)))

    def _padded(self, prompts: str | list[str], **form: Any) -> Any:
        length = self.text_length
        return self.tokenizer(
            prompts, padding="max_length", truncation=True, max_length=length, **form
        )

    def _count_backward(self, stage: Stage, gradient: Tensor) -> None:
        self.calls += Calls({(stage, "backward"): len(gradient)})


def over(offsets: Sequence[tuple[int, int]], place: tuple[int, int]) -> list[int]:
    """The tokens that spell a character of ``place``; special tokens spell no character."""
    begin, end = place
    return [index for index, (first, last) in enumerate(offsets) if first < end and begin < last]
