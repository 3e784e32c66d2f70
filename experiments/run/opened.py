"""Pictures as they were opened, kept for the next cells of a process."""

from dataclasses import dataclass, field
from functools import lru_cache

from data.images import Pixels, square
from data.opener import identity_of
from data.task import Opener

KEPT = 512
"""Pictures that are kept, 0.8 MB each at 512 by 512 pixels; a larger data set is opened anew."""


@dataclass(frozen=True)
class _Picture:
    identity: str
    side: int
    opener: Opener = field(compare=False)


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
