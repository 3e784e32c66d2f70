"""The one typed border to diffusers and transformers."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from pti.diffusion.ddim import Schedule
from pti.diffusion.precision import bf16
from pti.types import Context, Image, Latent

Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True)
class Calls:
    """UNet evaluations, in samples: a batch of b counts b."""

    forward: float = 0
    backward: float = 0

    def __add__(self, other: "Calls") -> "Calls":
        """Both together."""
        return Calls(self.forward + other.forward, self.backward + other.backward)

    def __sub__(self, earlier: "Calls") -> "Calls":
        """What was made since ``earlier``."""
        return Calls(self.forward - earlier.forward, self.backward - earlier.backward)

    def shared_by(self, images: int) -> "Calls":
        """The average for one of ``images``."""
        return Calls(self.forward / images, self.backward / images)


@dataclass
class LatentDiffusion:
    """A frozen Stable Diffusion model: embed, predict noise, encode, decode; counts every call.

    ``precision="bf16"`` runs the UNet under autocast; embeddings, losses and DDIM moves keep the
    dtype of the latents. ``digest`` names the weights in cache keys and provenance.
    """

    vae: Any
    unet: Any
    text_encoder: Any
    tokenizer: Any
    scheduler: Any
    digest: str
    precision: Precision = "fp32"
    calls: Calls = field(default_factory=Calls)

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.unet.device

    @property
    def side(self) -> int:
        """Height and width of the model's pictures, in pixels."""
        scale = 2 ** (len(self.vae.config.block_out_channels) - 1)
        return self.unet.config.sample_size * scale

    def schedule(self, steps: int, ratio: float = 1.0, offset: int | None = None) -> Schedule:
        """DDIM moves over this model's noise schedule; ``offset=None`` takes the model's own."""
        config = self.scheduler.config
        return Schedule.spaced(
            self.scheduler.alphas_cumprod,
            steps=steps,
            ratio=ratio,
            offset=config.steps_offset if offset is None else offset,
            alpha_final=1.0 if config.set_alpha_to_one else None,
        )

    def cut_by_tokenizer(self, prompt: str) -> str:
        """The end of ``prompt`` that does not fit the text encoder; empty where all of it does."""
        room = self.tokenizer.model_max_length - 2
        tokens = self.tokenizer.encode(prompt, add_special_tokens=False, verbose=False)
        return self.tokenizer.decode(tokens[room:]).strip()

    @torch.no_grad()
    def embed(self, prompts: Sequence[str]) -> Context:
        """Last hidden states of the text encoder, padded to the tokenizer's length."""
        tokens = self.tokenizer(
            list(prompts), padding="max_length", truncation=True, return_tensors="pt"
        )
        hidden = self.text_encoder(tokens.input_ids.to(self.device)).last_hidden_state
        return hidden.to(self.vae.dtype)

    def eps(self, z: Latent, t: int, context: Context) -> Latent:
        """The UNet's noise prediction at timestep ``t``, in the dtype of ``z``."""
        self.calls += Calls(forward=len(z))
        with bf16(self.device) if self.precision == "bf16" else nullcontext():
            eps = self.unet(z.to(self.unet.dtype), t, context.to(self.unet.dtype)).sample
        if eps.requires_grad:
            eps.register_hook(self._count_backward)
        return eps.to(z.dtype)

    @torch.no_grad()
    def encode(self, images: Image) -> Latent:
        """The posterior's mean, scaled: deterministic, unlike a sample of it."""
        pixels = images.to(self.device, self.vae.dtype) * 2 - 1
        return self.vae.encode(pixels).latent_dist.mean * self.vae.config.scaling_factor

    @torch.no_grad()
    def decode(self, z: Latent) -> Image:
        """Back to pixels, clamped to [0, 1]."""
        pixels = self.vae.decode(z / self.vae.config.scaling_factor).sample
        return (pixels / 2 + 0.5).clamp(0, 1)

    def _count_backward(self, gradient: Tensor) -> None:
        self.calls += Calls(backward=len(gradient))
