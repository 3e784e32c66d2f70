"""``mask=``: a mask of the user's in place of the method's own."""

from collections.abc import Callable

import torch
from omegaconf import DictConfig
from PIL import Image

from data.masks import mask_of, square_mask
from data.task import Task
from experiments.edit.frame import Frame
from experiments.store.fields import flat
from pti.errors import InputError
from pti.types import Mask


def overrides_for(method: DictConfig) -> list[str]:
    """What puts the given mask in place of a method's own, from that method's configuration.

    Raises ``InputError`` where the method has no mask.
    """
    ends = ".mask._target_"
    places = [key.removesuffix("._target_") for key in flat(method, "method") if key.endswith(ends)]
    if not places:
        raise InputError(
            f"method={method.name} has no mask that yours could replace: leave out mask=..., or "
            "choose a method that has one, such as pti"
        )
    return [f"mask@{place}=given" for place in places]


def squared_masks(task: Task, fit: Callable[[tuple[int, int]], int], side: int) -> Mask | None:
    """The task's mask as a batch of one, framed like its picture; None where it has none.

    ``fit`` is one of ``FITS``. Raises ``InputError`` where the mask is not of the picture's size.
    """
    if task.mask is None:
        return None
    picture = Image.fromarray(mask_of(task)).convert("RGB")
    frame = Frame(picture, fit(picture.size))
    return torch.tensor(square_mask(frame.extended()[..., 0] > 0, side))[None, None]
