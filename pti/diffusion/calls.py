"""UNet calls, counted by stage and kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Stage = Literal["trace", "tune", "mask", "sample"]
"""The purpose of a UNet call."""

Kind = Literal["forward", "backward"]


@dataclass(frozen=True)
class Calls:
    """UNet passes by stage and kind, counted in samples: a batch of b counts b."""

    counts: Mapping[tuple[Stage, Kind], float] = field(default_factory=dict)

    def total(self, kind: Kind) -> float:
        """The sum over all stages."""
        return sum(count for (_, of), count in self.counts.items() if of == kind)

    @property
    def forward(self) -> float:
        """All forward passes."""
        return self.total("forward")

    @property
    def backward(self) -> float:
        """All backward passes."""
        return self.total("backward")

    def __add__(self, other: "Calls") -> "Calls":
        """The sum of both."""
        keys = self.counts.keys() | other.counts.keys()
        return Calls({k: self.counts.get(k, 0) + other.counts.get(k, 0) for k in sorted(keys)})

    def __sub__(self, earlier: "Calls") -> "Calls":
        """The passes made since ``earlier``."""
        left = self + earlier.shared_by(-1)
        return Calls({key: count for key, count in left.counts.items() if count})

    def shared_by(self, images: int) -> "Calls":
        """The average per image, for ``images`` images."""
        return Calls({key: count / images for key, count in self.counts.items()})

    def as_json(self) -> dict[str, float]:
        """For example ``{"tune.forward": 350, "tune.backward": 250}``."""
        return {".".join(key): count for key, count in self.counts.items()}

    @classmethod
    def from_json(cls, counts: Mapping[str, float]) -> "Calls":
        """The inverse of ``as_json``."""
        keys: Any = {name: tuple(name.split(".")) for name in counts}
        return cls({keys[name]: count for name, count in counts.items()})
