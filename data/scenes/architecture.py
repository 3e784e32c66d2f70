"""The parts of the embedded model: Stable Diffusion's classes, small enough for two CPU cores."""

# diffusers annotates tuples of any length as tuple[str] and tuple[int].
# pyright: reportArgumentType=false

from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from data.scenes.photographs import BENCHMARK
from data.scenes.spec import ALL_SPECS, SceneSpec
from pti.diffusion.byte_tokenizer import byte_tokenizer

MAX_TOKENS = 32
LATENT_CHANNELS = 6
TEXT_WIDTH = 128


def build_tokenizer() -> CLIPTokenizer:
    """A tokenizer of all bytes and of every word in the captions of scenes and photographs."""
    captions = [spec.caption for spec in ALL_SPECS]
    captions.append(SceneSpec(ALL_SPECS[0].things * 2, ALL_SPECS[0].background).caption)
    return byte_tokenizer([*captions, *BENCHMARK.values()], MAX_TOKENS)


def build_autoencoder() -> AutoencoderKL:
    """An autoencoder between 64 by 64 RGB and latents of 6 channels, 16 by 16."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(32, 64, 96),
        layers_per_block=1,
        norm_num_groups=16,
        latent_channels=LATENT_CHANNELS,
        sample_size=64,
        mid_block_add_attention=False,
    )


def build_unet() -> UNet2DConditionModel:
    """A UNet over latents of 6 by 16 by 16, with cross-attention at 16 by 16 and 8 by 8.

    As in Stable Diffusion, the coarsest level has it in the middle block only. Heads are 32 wide:
    ``attention_head_dim`` is the number of heads, by diffusers' old misnomer.
    """
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        mid_block_type="UNetMidBlock2DCrossAttn",
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(32, 64, 96),
        layers_per_block=1,
        norm_num_groups=16,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=(1, 2, 3),
    )


def build_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """A text encoder of two layers over at most 32 tokens, 128 wide."""
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=TEXT_WIDTH,
        intermediate_size=4 * TEXT_WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=MAX_TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)
