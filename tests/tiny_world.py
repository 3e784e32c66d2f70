"""A tiny model and a few pictures on the disk, for whole commands."""

import json
from pathlib import Path
from typing import Any

from diffusers import StableDiffusionPipeline
from PIL import Image

from pti.diffusion.load import from_pretrained
from pti.diffusion.precision import Precision
from tests.tiny import CAPTIONS, parts


def save_model(folder: Path) -> Path:
    """A model in Stable Diffusion's folder layout: the plain files and the fp16 variant."""
    extras: dict[str, Any] = {"safety_checker": None, "feature_extractor": None}
    pipeline = StableDiffusionPipeline(**parts(), **extras, requires_safety_checker=False)
    pipeline.save_pretrained(folder)
    pipeline.save_pretrained(folder, variant="fp16")
    return folder


def write_pictures(folder: Path, count: int = len(CAPTIONS)) -> Path:
    """Pictures ``0.png``, ... that differ, each with a caption."""
    folder.mkdir()
    lines = ["file_name,text"]
    for index in range(count):
        picture = Image.linear_gradient("L").resize((48, 40)).rotate(60 * index + index // 6)
        picture.convert("RGB").save(folder / f"{index}.png")
        lines.append(f"{index}.png,{CAPTIONS[index % len(CAPTIONS)]}")
    (folder / "metadata.csv").write_text("\n".join(lines))
    return folder


def words_of(folder: Path, model: Path) -> list[str]:
    """Overrides of a run on ``folder``'s pictures with the model."""
    return [
        "model=sd14",
        f"model.path={model}",
        "data=folder",
        f"data.path={folder / 'pictures'}",
        f"results={folder / 'results'}",
        f"cache={folder / 'cache'}",
        "batch_size=2",
    ]


def load(folder: Path, variant: str | None = None, precision: Precision = "fp32"):
    return from_pretrained(str(folder), device="cpu", precision=precision, variant=variant)


def change(path: Path, **fields):
    """Set what a JSON file says; None takes a field out."""
    config = json.loads(path.read_text(encoding="utf-8")) | fields
    kept = {name: value for name, value in config.items() if value is not None}
    path.write_text(json.dumps(kept), encoding="utf-8")


def pipeline_of(folder: Path, **options: Any) -> Any:
    """The pipeline of diffusers, in memory."""
    extras: dict[str, Any] = {"safety_checker": None, "feature_extractor": None}
    return StableDiffusionPipeline.from_pretrained(folder, **extras, **options)
