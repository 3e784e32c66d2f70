"""Masks that users give with their pictures: white where the edit is free."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool
from PIL import Image

from data.images import centred, open_with_alpha
from data.opener import PictureFile, identity_of
from data.task import Task
from pti.errors import InputError

Selected = Bool[np.ndarray, "height width"]

WHITE = 128
"""The luminance, of 255, from which a pixel counts as white: edges of brushes are grey."""


def open_mask(path: Path) -> Image.Image:
    """A mask's file as upright RGB.

    Raises ``InputError`` where ``open_with_alpha`` does, or where the mask is transparent: some
    programs save the selected part so, and some the rest.
    """
    return opaque(open_with_alpha(path), str(path))


def opaque(picture: Image.Image, name: str) -> Image.Image:
    """The mask as RGB; raises ``InputError``, which names it, where it is transparent."""
    if picture.mode == "RGBA" and np.asarray(picture.getchannel("A")).min() < 255:
        raise InputError(
            f"{name} has transparent parts, which may mean either: save the mask without "
            "transparency, white where the edit is free and black elsewhere"
        )
    return picture.convert("RGB")


class MaskFile(PictureFile):
    """A mask in a file, opened with ``open_mask``."""

    def __call__(self) -> Image.Image:
        """Open the mask."""
        return open_mask(self.locate())


def mask_of(task: Task) -> Selected:
    """The task's mask at the size of its picture; the task must have one.

    Raises ``InputError`` where their sizes differ, and what the openers raise.
    """
    assert task.mask is not None
    mask, picture = task.mask(), task.open()
    if mask.size != picture.size:
        ours, theirs = (" by ".join(map(str, one.size)) for one in (mask, picture))
        raise InputError(
            f"the mask of {task.key} has {ours} pixels and the picture {theirs}: paint the mask "
            "at the picture's size"
        )
    return np.asarray(mask.convert("L")) >= WHITE


@dataclass(frozen=True)
class MaskAsRegion:
    """An opener of the region of a task whose mask also says where its picture should change."""

    task: Task

    def __call__(self) -> Image.Image:
        """The mask as ``mask_of`` reads it; raises what that raises."""
        return Image.fromarray(mask_of(self.task)).convert("RGB")

    def identity(self) -> str:
        """The identities of mask and picture: whether their sizes agree depends on both."""
        assert self.task.mask is not None
        return f"{identity_of(self.task.mask)} of {identity_of(self.task.open)}"


def square_mask(mask: Selected, side: int) -> Bool[np.ndarray, "side side"]:
    """The mask cropped and resized as ``square`` does with its picture.

    A pixel is True where any pixel that it is made of is, so that nothing thin vanishes.
    """
    picture = centred(Image.fromarray(mask.astype(np.float32)))
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX)) > 0
