"""The files that are read from a folder in diffusers' layout."""

import json
from pathlib import Path
from typing import Any

from pti.errors import InputError

WEIGHTS = {
    "vae": "diffusion_pytorch_model",
    "unet": "diffusion_pytorch_model",
    "text_encoder": "model",
}
"""The stem of each part's weight files."""


def read_json(path: Path) -> dict[str, Any]:
    """Parse a JSON file; raises ``InputError`` where it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} can't be read ({error}): copy it again") from error


def weight_files(folder: Path, part: str, variant: str | None) -> list[Path]:
    """The one weight file of a part, or its shards.

    Raises ``InputError`` where a file is missing, or where both are present.
    """
    single = folder / part / f"{_stem(part, variant)}.safetensors"
    kind = f"{variant}.json" if variant else "json"
    index = folder / part / f"{WEIGHTS[part]}.safetensors.index.{kind}"
    if single.exists() and index.exists():
        raise InputError(f"{single} and {index.name} both hold the weights: remove one of them")
    if single.exists():
        return [single]
    if not index.exists():
        raise InputError(_missing(folder, single, variant))
    shard_of: dict[str, str] = read_json(index).get("weight_map", {})
    shards = [folder / part / name for name in sorted(set(shard_of.values()))]
    missing = [shard.name for shard in shards if not shard.is_file()]
    if missing or not shards:
        raise InputError(
            f"{folder / part} lacks {', '.join(missing) or 'every shard'}, which {index.name} "
            "lists: copy the folder again"
        )
    return shards


def weight_patterns(variant: str | None) -> list[str]:
    """Patterns of every part's weight files, whole or sharded, in a repository of the hub."""
    stems = [f"{part}/{_stem(part, variant)}" for part in WEIGHTS]
    return [f"{stem}{end}.safetensors" for stem in stems for end in ("", "-*-of-*")]


def _stem(part: str, variant: str | None) -> str:
    return f"{WEIGHTS[part]}.{variant}" if variant else WEIGHTS[part]


def _missing(folder: Path, single: Path, variant: str | None) -> str:
    files = sorted(file.name for file in single.parent.iterdir())
    lacks = f"{single.parent} has no {single.name}, and no shards of it"
    if any(name.endswith(".bin") for name in files):
        named = f", variant={variant!r}" if variant else ""
        safe = f"{folder}-safetensors"
        return (
            f"{lacks}, but .bin files, which are not read; convert them with: python -c "
            f'"from diffusers import StableDiffusionPipeline as P; '
            f"P.from_pretrained({str(folder)!r}{named}).save_pretrained({safe!r}{named})"
            f'" and give model.path={safe}'
        )
    return (
        f"{lacks}; it holds {', '.join(files) or 'nothing'}. Files named *.fp16.* need "
        "model.load.variant=fp16, and .bin files are not read; otherwise copy the folder again"
    )
