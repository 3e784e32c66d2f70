"""Pictures as they were opened, kept for the next cells of a process."""

from dataclasses import dataclass, field
from functools import lru_cache

from data.images import Pixels, square
from data.masks import Selected, mask_of, square_mask
from data.opener import identity_of
from data.task import Opener, Task

KEPT = 512
"""Pictures that are kept, 0.8 MB each at 512 by 512 pixels; a larger data set is opened anew."""


@dataclass(frozen=True)
class _Picture:
    identity: str
    side: int
    opener: Opener = field(compare=False)


@dataclass(frozen=True)
class _Masked:
    identities: tuple[str, str]
    side: int
    task: Task = field(compare=False)


def squared(opener: Opener, side: int) -> Pixels:
    """The picture, cropped and resized to ``side``; read-only. Raises what ``opener`` raises."""
    try:
        identity = identity_of(opener)
    except OSError:  # what hinders is told by opening
        return square(opener(), side)
    return _squared(_Picture(identity, side, opener))


@lru_cache(maxsize=KEPT)
def _squared(picture: _Picture) -> Pixels:
    pixels = square(picture.opener(), picture.side)
    pixels.flags.writeable = False
    return pixels


def squared_mask(task: Task, side: int) -> Selected:
    """The task's mask, cropped and resized like its picture; raises what ``mask_of`` raises."""
    assert task.mask is not None
    try:
        identities = identity_of(task.open), identity_of(task.mask)
    except OSError:  # what hinders is told by opening
        return square_mask(mask_of(task), side)
    return _squared_mask(_Masked(identities, side, task))


@lru_cache(maxsize=KEPT)
def _squared_mask(masked: _Masked) -> Selected:
    return square_mask(mask_of(masked.task), masked.side)
