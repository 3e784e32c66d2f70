"""A tiny model of the real classes, random, in float64 so that identities hold closely."""

# diffusers annotates tuples of any length as tuple[str] and tuple[int].
# pyright: reportArgumentType=false

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from pti.diffusion.byte_tokenizer import byte_tokenizer
from pti.diffusion.load import assemble
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.random_model import stable_diffusion_scheduler
from pti.types import Batch

CAPTIONS = ("a red star on grass", "a blue ring on snow", "an orange heart on wood")


def parts(seed: int = 0) -> dict[str, Any]:
    """32 by 32 pictures, latents of 4 by 16 by 16."""
    torch.manual_seed(seed)
    vae: Any = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 16),
        norm_num_groups=4,
        sample_size=32,
        mid_block_add_attention=False,
    )
    unet: Any = UNet2DConditionModel(
        sample_size=16,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=16,
        attention_head_dim=2,
    )
    # Random cross-attention hardly feels the prompt; tuning it would prove nothing.
    for name, weight in unet.named_parameters():
        if "attn2" in name:
            weight.data *= 4
    # Guidance multiplies whatever the branches differ in; a wild model would end in chaos.
    unet.conv_out.weight.data *= 0.2
    tokenizer = byte_tokenizer(CAPTIONS, 12)
    text_encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=12,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    return {
        "vae": vae,
        "unet": unet,
        "text_encoder": text_encoder,
        "tokenizer": tokenizer,
        "scheduler": stable_diffusion_scheduler(),
    }


def tiny_model() -> LatentDiffusion:
    """In float64 throughout."""
    made = parts()
    for name in ("vae", "unet", "text_encoder"):
        made[name].double()
    made["scheduler"].alphas_cumprod = made["scheduler"].alphas_cumprod.double()
    return assemble(made, digest="tiny", device=torch.device("cpu"), precision="fp32")


def reader(tokenizer: Any, length: int) -> LatentDiffusion:
    """As much of a model as reads prompts."""
    missing: Any = None
    encoder = SimpleNamespace(config=SimpleNamespace(max_position_embeddings=length))
    return LatentDiffusion(missing, missing, encoder, tokenizer, missing, digest="")


def tiny_batch(count: int = 3) -> Batch:
    """Smooth random pictures."""
    generator = torch.Generator().manual_seed(7)
    coarse = torch.rand(count, 3, 4, 4, generator=generator, dtype=torch.float64)
    images = torch.nn.functional.interpolate(coarse, size=32, mode="bilinear")
    captions = CAPTIONS[:count]
    words = tuple((caption.split()[2],) for caption in captions)
    return Batch(images, captions, captions, tuple(range(count)), words)


def edit_batch(count: int = 3) -> Batch:
    """The same pictures, whose targets are one another's captions."""
    targets = tuple(CAPTIONS[(row + 1) % len(CAPTIONS)] for row in range(count))
    words = tuple((target.split()[2],) for target in targets)
    old = tuple((caption.split()[2],) for caption in CAPTIONS[:count])
    return replace(tiny_batch(count), targets=targets, phrases=words, old_phrases=old)
