"""Load a Stable Diffusion folder as ``LatentDiffusion``; only this module may download."""

from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, get_args

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled
from safetensors import SafetensorError
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer
from transformers.tokenization_utils_base import LARGE_INTEGER
from transformers.utils.logging import disable_progress_bar

from pti.diffusion.conventions import missing_conventions
from pti.diffusion.kinds import check_kind, check_tokenizer
from pti.diffusion.layout import WEIGHTS, weight_files, weight_patterns
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.precision import AttentionOnCpu, Precision
from pti.diffusion.reproducible import make_reproducible
from pti.errors import InputError

DTYPES = ("float32", "bfloat16")
"""float16 is excluded: the gradients of tuning are below its smallest normal number."""

SMALLEST_VOCABULARY = 256
"""A byte-level tokenizer knows at least every byte."""

PARTS = {
    "vae": AutoencoderKL,
    "unet": UNet2DConditionModel,
    "text_encoder": CLIPTextModel,
    "tokenizer": CLIPTokenizer,
    "scheduler": DDIMScheduler,
}


def from_pretrained(  # noqa: PLR0913 (one argument per field of configs/model/sd14.yaml)
    path: str,
    *,
    device: str,
    precision: Precision,
    dtype: str = "float32",
    variant: str | None = None,
    revision: str | None = None,
    offline: bool = False,
) -> LatentDiffusion:
    """Load a folder in diffusers' layout, or a repository of the hub.

    ``dtype`` is the UNet's; the autoencoder and the text encoder stay in float32. With
    ``variant="fp16"`` the weight files named *.fp16.* are read. Raises ``InputError`` where a file
    or the device is missing, where an option is unknown, or where the model is not supported.
    """
    disable_progress_bar()
    where = torch_device(device)
    if dtype not in DTYPES:
        raise InputError(f"model.load.dtype={dtype}: choose one of {', '.join(DTYPES)}")
    _check_precision(precision)  # before a download of gigabytes
    folder = Path(path)
    if not folder.is_dir():
        folder = _download(path, revision, variant, offline=offline)
    _check_parts(folder)
    check_kind(folder)
    digest = f"{folder_digest(folder, variant)}-{dtype}"
    conventions = missing_conventions(folder)
    parts = _parts(folder, variant, dtype, conventions)
    if len(parts["tokenizer"]) < SMALLEST_VOCABULARY:
        raise InputError(
            f"{folder / 'tokenizer'} lacks its vocabulary (vocab.json, merges.txt): copy it again"
        )
    if parts["tokenizer"].model_max_length > LARGE_INTEGER:
        conventions["max_length"] = parts["text_encoder"].config.max_position_embeddings
    # Assumed conventions change the results, so they belong to the cache key as the files do.
    digest += "".join(f"-{name}={value}" for name, value in conventions.items())
    return assemble(parts, digest=digest, device=where, precision=precision)


def assemble(
    parts: dict[str, Any], *, digest: str, device: torch.device, precision: Precision
) -> LatentDiffusion:
    """Freeze the parts and put them on ``device``.

    Raises ``InputError`` where the tokenizer does not fit the text encoder, or for an unknown
    ``precision``.
    """
    _check_precision(precision)
    check_tokenizer(parts["tokenizer"], parts["text_encoder"].config)
    if device.type == "cuda":
        make_reproducible()
    for name in WEIGHTS:
        parts[name].eval().requires_grad_(False).to(device)
    if precision == "bf16":
        _keep_in_bf16(parts["unet"])
        if device.type == "cpu":
            parts["unet"].set_attn_processor(AttentionOnCpu())
    return LatentDiffusion(**parts, digest=digest, precision=precision)


def _check_precision(precision: str) -> None:
    if precision not in get_args(Precision):
        raise InputError(f"precision={precision}: choose one of {', '.join(get_args(Precision))}")


def torch_device(name: str) -> torch.device:
    """The device; ``auto`` is the first GPU, or else the CPU. Raises ``InputError`` if absent."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"device={name} is no device: choose auto, cpu, cuda or cuda:1") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise InputError(f"device={name}, but this machine shows {count} GPUs: use device=cpu")
    return device


def folder_digest(folder: Path, variant: str | None) -> str:
    """sha256 over the weight files that are loaded and all configuration files."""
    total = sha256()
    for name in sorted(PARTS):
        files = sorted(
            path for path in (folder / name).iterdir() if path.suffix in (".json", ".txt")
        )
        weights = weight_files(folder, name, variant) if name in WEIGHTS else []
        for file in files + weights:
            with file.open("rb") as stream:
                total.update(
                    f"{name}/{file.name}:{file_digest(stream, 'sha256').hexdigest()}".encode()
                )
    return total.hexdigest()


def _keep_in_bf16(unet: nn.Module) -> None:
    # Autocast would cast these weights again at every call, with the same result.
    for module in unet.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.to(torch.bfloat16)


def _check_parts(folder: Path) -> None:
    for name in PARTS:
        if not (folder / name).is_dir():
            raise InputError(
                f"{folder} has no folder {name!r}: a Stable Diffusion folder in diffusers' layout "
                f"holds {', '.join(PARTS)}"
            )


def _parts(
    folder: Path, variant: str | None, dtype: str, conventions: dict[str, Any]
) -> dict[str, Any]:
    options: dict[str, dict[str, Any]] = {"tokenizer": {}, "scheduler": conventions}
    for name in WEIGHTS:
        options[name] = {
            "use_safetensors": True,
            "variant": variant,
            "torch_dtype": getattr(torch, dtype) if name == "unet" else torch.float32,
            "output_loading_info": True,
        }
    return {name: _part(folder, name, options[name]) for name in PARTS}


def _part(folder: Path, name: str, options: dict[str, Any]) -> Any:
    load: Any = PARTS[name].from_pretrained
    try:
        part = load(folder, subfolder=name, local_files_only=True, **options)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        files = ", ".join(sorted(file.name for file in (folder / name).iterdir())) or "nothing"
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"{folder / name} can't be loaded ({reason}); it holds {files}. Files named *.fp16.* "
            "need model.load.variant=fp16; otherwise copy the folder again"
        ) from error
    if name not in WEIGHTS:
        return part
    network, about = part
    missing = sorted(about["missing_keys"])
    if missing:  # diffusers and transformers would use random ones
        raise InputError(
            f"the weights in {folder / name} lack {len(missing)} of those that its config.json "
            f"asks for, such as {missing[0]}: copy the folder again"
        )
    return network


def _download(repository: str, revision: str | None, variant: str | None, *, offline: bool) -> Path:
    files = [*weight_patterns(variant), *(f"{part}/*.json" for part in PARTS), "tokenizer/*.txt"]
    try:
        snapshot = snapshot_download(
            repository, revision=revision, allow_patterns=files, local_files_only=offline
        )
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        raise InputError(
            f"{repository} is no folder here and could not be fetched from the hub: download it on "
            "a machine with network and pass its folder as model.path=..."
        ) from error
    except ValueError as error:
        raise InputError(
            f"model.path={repository} is neither a folder here nor a repository's name"
        ) from error
    return Path(snapshot)
