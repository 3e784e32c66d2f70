"""A mask of the user's in place of the one that a method would find."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch
from omegaconf import DictConfig
from PIL import Image

from data.masks import mask_of, opaque, square_mask
from data.task import Task
from experiments.edit.frame import Frame
from experiments.store.fields import flat
from pti.diffusion.given_mask import GivenMask
from pti.errors import InputError
from pti.types import Mask


def overrides_for(method: DictConfig) -> list[str]:
    """What puts the given mask in place of a method's own, from that method's configuration.

    Raises ``InputError`` where the method has no mask.
    """
    ends = ".mask._target_"
    places = [key.removesuffix("._target_") for key in flat(method, "method") if key.endswith(ends)]
    if not places:
        raise _no_mask(method.name)
    return [f"mask@{place}=given" for place in places]


def with_given(editor: Any, name: str) -> Any:
    """The editor with the given mask in place of its own, or of that of a part of it."""
    changed = {
        field.name: GivenMask() if field.name == "mask" else with_given(part, name)
        for field in fields(editor)
        if is_dataclass(part := getattr(editor, field.name)) and _has_mask(part, field.name)
    }
    if not changed:
        raise _no_mask(name)
    return replace(editor, **changed)


def _has_mask(part: Any, name: str) -> bool:
    return name == "mask" or any(
        _has_mask(inner, field.name)
        for field in fields(part)
        if is_dataclass(inner := getattr(part, field.name))
    )


def _no_mask(name: str) -> InputError:
    return InputError(
        f"method={name} has no mask that yours could replace: leave out mask=..., or choose a "
        "method that has one, such as pti"
    )


def squared_masks(masks: Sequence[Image.Image], frames: Sequence[Frame], side: int) -> Mask:
    """The masks as a batch, each framed like its picture.

    Raises ``InputError`` where a mask is transparent, or not of its picture's size.
    """
    return torch.stack([_squared(*pair, side) for pair in zip(masks, frames, strict=True)])


def _squared(mask: Image.Image, frame: Frame, side: int) -> torch.Tensor:
    shown = opaque(mask, "the mask")
    task = Task("the picture", None, lambda: frame.picture, mask=lambda: shown)
    whole = Frame(Image.fromarray(mask_of(task)).convert("RGB"), frame.size)
    return torch.tensor(square_mask(whole.extended()[..., 0] > 0, side))[None]
