"""CLIP similarity of a picture and a prompt (Hessel et al., 2021, arXiv 2104.08718)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from eval.in_region import saved_as
from eval.jpeg import through_jpeg
from eval.metric import Metric, PerImage, Pictures
from eval.quantity import Quantity
from eval.weights import digest_of
from pti.errors import InputError
from pti.types import Image

NAME = "openai/clip-vit-large-patch14"
TENSORS = "model.safetensors"
TOKENS = 77
VISION = {"patch_size": 14, "hidden_size": 1024, "image_size": 224, "hidden_act": "quick_gelu"}
"""What tells the network from others that are called ViT-L/14."""


@dataclass(frozen=True)
class ClipScore(Metric):
    """100 times the cosine between the result and its prompt, by CLIP ViT-L/14; 0 where below.

    ``jpeg`` is that of ``InRegion``. ``path`` is a folder in the layout of transformers, by default
    its cache's copy of ``NAME``.
    """

    jpeg: int | None = None
    path: str | None = None

    @property
    def quantity(self) -> Quantity:
        """The score, at most 100."""
        said = ",".join(saved_as(self.jpeg))
        return Quantity(f"clip-l14{said and f'[{said}]'}", True, 2, matters=0.1)

    def digest(self) -> str:
        """A digest of the folder; raises ``InputError`` where its files are missing or others."""
        folder = folder_of(self.path)
        _ = clip(folder)
        files = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".txt"))
        lines = [f"{path.name} {digest_of(path)}" for path in (folder / TENSORS, *files)]
        return sha256("\n".join(lines).encode()).hexdigest()

    def __call__(self, pictures: Pictures) -> PerImage:
        """One value per picture."""
        return self.similarity(through_jpeg(pictures, self.jpeg), pictures)

    @torch.no_grad()
    def similarity(self, images: Image, pictures: Pictures) -> PerImage:
        """The score of ``images`` beside the prompts of ``pictures``."""
        assert pictures.prompt is not None
        model, processor = clip(folder_of(self.path))
        return similarity(model.to(images.device), processor, images, pictures.prompt)


@dataclass(frozen=True)
class ClipScoreInside(ClipScore):
    """The score of the inside of the region that the edit should change, all around it set to 0."""

    needs = ("changed",)

    @property
    def quantity(self) -> Quantity:
        """The score, at most 100."""
        said = ",".join(["zeroed", *saved_as(self.jpeg)])
        return Quantity(f"clip-l14-inside[{said}]", True, 2, matters=0.1)

    def __call__(self, pictures: Pictures) -> PerImage:
        """One value per picture, NaN where the region is empty."""
        region = pictures.changed
        assert region is not None
        values = self.similarity(through_jpeg(pictures, self.jpeg) * region, pictures)
        return values.where(region.flatten(1).any(1), torch.nan)


def similarity(model: Any, processor: Any, images: Image, prompts: Sequence[str]) -> PerImage:
    """100 times the cosine of each picture and its prompt, 0 where below.

    Pictures go in as 8 bits, and prompts are cut after CLIP's 77 tokens.
    """
    given = processor(
        text=list(prompts),
        images=[(image * 255).round().byte().cpu() for image in images],
        return_tensors="pt",
        padding=True,
        truncation=True,
        max_length=TOKENS,
    )
    found = model(**given.to(images.device))
    cosine = (found.image_embeds * found.text_embeds).sum(1)
    return (100 * cosine).clamp(min=0)


def folder_of(given: str | None) -> Path:
    """``given``, or the copy of ``NAME`` in the cache of transformers.

    Raises ``InputError`` where there is none.
    """
    if given is not None:
        folder = Path(given)
    else:
        # Imported here because the import takes seconds.
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(NAME, TENSORS)
        folder = Path(found).parent if isinstance(found, str) else Path(NAME)
    if not (folder / TENSORS).is_file():
        raise InputError(
            f"{folder} has no {TENSORS}: fetch {NAME} into the cache of transformers, or set "
            "the metric's path to its folder"
        )
    return folder


@lru_cache(maxsize=1)
def clip(folder: Path) -> tuple[Any, Any]:
    """The model and its processor; raises ``InputError`` where it is not CLIP ViT-L/14."""
    # Imported here because the import takes seconds.
    from transformers import CLIPModel, CLIPProcessor

    try:
        model = CLIPModel.from_pretrained(folder, local_files_only=True).eval()
        processor = CLIPProcessor.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{folder} can't be read as CLIP ({error}): fetch it again") from error
    vision: Any = model.config.vision_config
    about = {name: getattr(vision, name) for name in VISION}
    if about != VISION:
        raise InputError(
            f"{folder} holds a different CLIP ({about}): give the folder of {NAME} ({VISION})"
        )
    return model, processor
