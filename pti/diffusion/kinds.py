"""Tell from a model's configuration whether it is supported, before its weights are read."""

from collections.abc import Iterator, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig
from transformers.tokenization_utils_base import LARGE_INTEGER

from pti.diffusion.layout import read_json
from pti.errors import InputError

SUPPORTED = (
    "supported are models whose UNet takes latents and one prompt: Stable Diffusion v1, v2 and "
    "their kin, BK-SDM among them"
)

Config = dict[str, Any]

KINDS = {"unet": UNet2DConditionModel, "vae": AutoencoderKL, "text_encoder": CLIPTextConfig}
"""What the configuration of each part is of."""

BY_SURPLUS = {
    1: "depth-guided",
    3: "an upscaler",
    4: "InstructPix2Pix or another that is shown a picture",
    5: "for inpainting",
}
"""The kind of a UNet, by the number of its input channels beyond the autoencoder's."""

BY_FIELD = {
    "addition_embed_type": "Stable Diffusion XL or another that is told more than a prompt",
    "encoder_hid_dim_type": "Kandinsky, DeepFloyd IF or another with embeddings of its own",
    "encoder_hid_dim": "DeepFloyd IF or another with embeddings of its own",
    "class_embed_type": "conditioned on classes",
    "num_class_embeds": "conditioned on classes",
    "time_cond_proj_dim": "a latent consistency model, which is told the guidance",
    "dual_cross_attention": "Versatile Diffusion or another with two prompts",
    "reverse_transformer_layers_per_block": "of unequal halves",
}
"""The kind of a UNet, by the field that its configuration sets."""

BLOCKS = {"CrossAttnDownBlock2D", "UNetMidBlock2DCrossAttn", "CrossAttnUpBlock2D"}
"""The blocks whose cross-attention can be captured."""


UNFIT = "of parts that do not fit"


def check_kind(folder: Path) -> None:
    """Raise ``InputError``, naming the kind of the model, where that kind is not supported."""
    check_configs(folder, {name: read_json(folder / name / "config.json") for name in KINDS})


def check_configs(source: object, configs: Mapping[str, Config]) -> None:
    """The same for configurations by part, as they would be saved; ``source`` names them."""
    unet, vae, text = (_completed(configs[name], kind) for name, kind in KINDS.items())
    kinds = (*_by_class(unet, vae, text), *_by_unet(unet), *_by_fit(unet, vae, text))
    if kinds:
        raise InputError(f"{source}: the model is {kinds[0]}; {SUPPORTED}")


def _by_class(unet: Config, vae: Config, text: Config) -> Iterator[str]:
    for config, kind in ((unet, UNet2DConditionModel), (vae, AutoencoderKL)):
        if config.get("_class_name", kind.__name__) != kind.__name__:
            yield f"of class {config['_class_name']}, where {kind.__name__} belongs"
    if text.get("model_type", CLIPTextConfig.model_type) != CLIPTextConfig.model_type:
        yield f"one whose text encoder is not CLIP's (model_type={text['model_type']})"


def _by_unet(unet: Config) -> Iterator[str]:
    for name, kind in BY_FIELD.items():
        if unet[name]:
            yield f"{kind} (unet: {name}={unet[name]})"
    blocks = (*unet["down_block_types"], unet["mid_block_type"] or "", *unet["up_block_types"])
    for block in blocks:
        if "CrossAttn" in block and block not in BLOCKS:
            yield f"with attention of another form (unet: {block})"
    depths = unet["transformer_layers_per_block"]
    if isinstance(depths, list) and any(isinstance(depth, list) for depth in depths):
        yield f"of unequal layers within a block (unet: transformer_layers_per_block={depths})"
    if not isinstance(unet["sample_size"], int):
        yield f"not one of square pictures (unet: sample_size={unet['sample_size']})"


def _by_fit(unet: Config, vae: Config, text: Config) -> Iterator[str]:
    channels, latents, noise = unet["in_channels"], vae["latent_channels"], unet["out_channels"]
    if channels != latents:
        kind = BY_SURPLUS.get(channels - latents, UNFIT)
        yield f"{kind} (unet: in_channels={channels}, vae: latent_channels={latents})"
    if noise != channels:
        yield f"one that predicts more than noise (unet: out_channels={noise})"
    for name in ("shift_factor", "latents_mean"):
        if vae[name]:
            yield f"one of latents with a mean (vae: {name}={vae[name]})"
    widths, width = unet["cross_attention_dim"], text["hidden_size"]
    if any(each != width for each in (widths if isinstance(widths, list) else [widths])):
        yield f"{UNFIT} (unet: cross_attention_dim={widths}, text_encoder: hidden_size={width})"


def _completed(config: Config, kind: type) -> Config:
    """A part's configuration, completed by the defaults of its class."""
    return {name: field.default for name, field in signature(kind).parameters.items()} | config


def check_tokenizer(tokenizer: Any, config: Any) -> None:
    """Raise ``InputError`` where the tokenizer does not fit the text encoder with this config."""
    length, limit = config.max_position_embeddings, tokenizer.model_max_length
    if not tokenizer.is_fast:
        raise InputError(
            f"{type(tokenizer).__name__} does not tell which characters a token spells: take "
            "CLIPTokenizer as of transformers 5"
        )
    if limit < LARGE_INTEGER and limit != length:
        raise InputError(
            f"the tokenizer says model_max_length={limit}, the text encoder "
            f"max_position_embeddings={length}: set tokenizer/tokenizer_config.json to {length}"
        )
    if tokenizer.pad_token is None:
        raise InputError(
            "the tokenizer has no pad_token: name one in tokenizer/tokenizer_config.json"
        )
    if tokenizer.truncation_side != "right":
        raise InputError("the tokenizer cuts prompts at their begin: set truncation_side to right")
    if len(tokenizer) > config.vocab_size:
        raise InputError(
            f"the tokenizer knows {len(tokenizer)} tokens, the text encoder {config.vocab_size}: "
            "take the tokenizer (and its pad_token) that belongs to it"
        )
