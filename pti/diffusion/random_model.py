"""Stable Diffusion v1's architecture with random weights, to measure time and memory."""

# diffusers annotates tuples of any length as tuple[str] and tuple[int].
# pyright: reportArgumentType=false

from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from pti.diffusion.byte_tokenizer import byte_tokenizer
from pti.diffusion.load import assemble, torch_device
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.precision import Precision


def random_sd14(
    *, device: str, precision: Precision, dtype: str = "float32", seed: int = 0
) -> LatentDiffusion:
    """A model of 512 by 512 pixels with 860M UNet parameters; it needs no download."""
    torch.manual_seed(seed)
    parts: dict[str, Any] = {
        "vae": _autoencoder(),
        "unet": UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8),
        "text_encoder": _text_encoder(),
        "tokenizer": byte_tokenizer([], 77),
        "scheduler": stable_diffusion_scheduler(),
    }
    where = torch_device(device)
    parts["unet"].to(getattr(torch, dtype))
    return assemble(parts, digest=f"random-{seed}-{dtype}", device=where, precision=precision)


def stable_diffusion_scheduler() -> DDIMScheduler:
    """Stable Diffusion v1's noise schedule and DDIM conventions."""
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )


def _autoencoder() -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(128, 256, 512, 512),
        layers_per_block=2,
        sample_size=512,
    )


def _text_encoder() -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=49_408,
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        max_position_embeddings=77,
    )
    return CLIPTextModel(config)
