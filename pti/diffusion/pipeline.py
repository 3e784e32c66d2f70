"""Take a pipeline of diffusers that is in memory as ``LatentDiffusion``."""

import json
from hashlib import sha256
from typing import Any

import torch
from diffusers import DDIMScheduler

from pti.diffusion.conventions import conventions_beyond
from pti.diffusion.kinds import check_configs, check_tokenizer
from pti.diffusion.layout import WEIGHTS
from pti.diffusion.load import PARTS, assemble, torch_device
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.precision import Precision
from pti.errors import InputError

WHOLE = (torch.float32, torch.float64)
"""The types that each network may have; the UNet may also be in bfloat16."""


def from_pipeline(
    pipeline: Any, *, device: str | None = None, precision: Precision = "fp32"
) -> LatentDiffusion:
    """The model of a ``StableDiffusionPipeline``, or of any object with the same five parts.

    It is what a folder would give to which the pipeline was saved. The networks are not copied:
    they are frozen, moved to ``device`` (by default they stay where the UNet is), and at
    ``precision="bf16"`` the UNet's weights are rounded. The pipeline keeps its scheduler. Raises
    ``InputError`` where a part is missing, or the model is not supported.
    """
    parts = _parts(pipeline)
    configs = {name: json.loads(parts[name].to_json_string()) for name in ("unet", "vae")}
    configs |= {"text_encoder": parts["text_encoder"].config.to_dict()}
    check_configs("the pipeline", configs)
    check_tokenizer(parts["tokenizer"], parts["text_encoder"].config)
    _check_weights(parts)
    says = json.loads(parts["scheduler"].to_json_string())
    says |= conventions_beyond("the pipeline's scheduler", says, configs["unet"])
    digest = _digest(parts, {**configs, "scheduler": says})
    parts["scheduler"] = DDIMScheduler.from_config(says)
    where = _first_weight(parts["unet"]).device if device is None else torch_device(device)
    return assemble(parts, digest=digest, device=where, precision=precision)


def _parts(pipeline: Any) -> dict[str, Any]:
    parts = {name: getattr(pipeline, name, None) for name in PARTS}
    missing = [name for name, part in parts.items() if part is None]
    if missing:
        raise InputError(
            f"{type(pipeline).__name__} has no {', '.join(missing)}: give a pipeline of diffusers "
            f"with {', '.join(PARTS)}"
        )
    return parts


def _check_weights(parts: dict[str, Any]) -> None:
    for name in WEIGHTS:
        weight = _first_weight(parts[name])
        if weight.is_meta:
            raise InputError(f"the pipeline's {name} is offloaded: load the pipeline without that")
        allowed = (*WHOLE, torch.bfloat16) if name == "unet" else WHOLE
        if weight.dtype not in allowed:
            raise InputError(
                f"the pipeline's {name} is in {weight.dtype}, in which gradients vanish or "
                "embeddings lose their digits: load the pipeline with torch_dtype=torch.float32"
            )


def _first_weight(network: Any) -> torch.Tensor:
    return next(network.parameters())


def _digest(parts: dict[str, Any], configs: dict[str, Any]) -> str:
    """sha256 over configurations, vocabulary and weights; not that of a folder's files."""
    said = {name: _without_origin(config) for name, config in configs.items()}
    words = parts["tokenizer"].get_vocab()
    total = sha256(json.dumps([said, words], sort_keys=True, default=str).encode())
    for name in WEIGHTS:
        for key, tensor in parts[name].state_dict().items():
            total.update(f"{name}/{key}:{tensor.dtype}{list(tensor.shape)}".encode())
            total.update(tensor.detach().cpu().flatten().view(torch.uint8).numpy())
    return f"pipeline-{total.hexdigest()}"


def _without_origin(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration without where it was read from, and by which version."""
    return {
        name: value
        for name, value in config.items()
        if not name.startswith("_") and name != "transformers_version"
    }
