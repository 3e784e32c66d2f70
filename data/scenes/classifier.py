"""A small network that reads the words of a scene; its layers serve as features."""

import json
from pathlib import Path

import torch
from jaxtyping import Float, Int
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from data.scenes.spec import BACKGROUNDS, COLOURS, PATTERNS, PRESENCE, SHAPES

ATTRIBUTES = {
    "colour": COLOURS,
    "shape": SHAPES,
    "background": BACKGROUNDS,
    "pattern": PATTERNS,
    "presence": PRESENCE,
}
UNNAMED = -1
"""The label of an attribute that a scene does not have, such as the colour of no object."""

WIDTHS = (32, 64, 128, 128)


def _stage(inward: int, outward: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inward, outward, 3, padding=1),
        nn.GroupNorm(8, outward),
        nn.SiLU(),
        nn.Conv2d(outward, outward, 3, stride=2, padding=1),
        nn.GroupNorm(8, outward),
        nn.SiLU(),
    )


class SceneClassifier(nn.Module):
    """Four convolutional stages and a head for each attribute, on images in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        pairs = zip((3, *WIDTHS), WIDTHS, strict=False)
        self.stages = nn.ModuleList(_stage(inward, outward) for inward, outward in pairs)
        flat = WIDTHS[-1] * 16
        self.trunk = nn.Sequential(nn.Flatten(), nn.Linear(flat, 256), nn.SiLU())
        self.heads = nn.ModuleDict({k: nn.Linear(256, len(v)) for k, v in ATTRIBUTES.items()})

    def layers(self, images: Float[Tensor, "b 3 64 64"]) -> list[Float[Tensor, "b c h w"]]:
        """The output of every stage, finest first."""
        outputs: list[Tensor] = []
        features = images * 2 - 1
        for stage in self.stages:
            features = stage(features)
            outputs.append(features)
        return outputs

    def features(self, images: Float[Tensor, "b 3 64 64"]) -> Float[Tensor, "b 256"]:
        """The features that the heads classify."""
        return self.trunk(self.layers(images)[-1])

    def read(self, last: Float[Tensor, "b c h w"]) -> dict[str, Float[Tensor, "b _"]]:
        """Logits of each attribute, from the last of ``layers``."""
        features = self.trunk(last)
        return {attribute: head(features) for attribute, head in self.heads.items()}

    def forward(self, images: Float[Tensor, "b 3 64 64"]) -> dict[str, Float[Tensor, "b _"]]:
        """Logits of each attribute."""
        return self.read(self.layers(images)[-1])

    def save(self, folder: Path) -> None:
        """Write fp16 weights and the names of the classes."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: tensor.half().contiguous() for name, tensor in self.state_dict().items()}
        save_file(weights, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps(ATTRIBUTES, indent=2) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "SceneClassifier":
        """Read the files that ``save`` wrote; the model is in fp32 and evaluation mode."""
        model = cls()
        stored = load_file(folder / "model.safetensors")
        model.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
        return model.eval()


@torch.no_grad()
def agreement(
    model: SceneClassifier,
    images: Float[Tensor, "n 3 64 64"],
    labels: Int[Tensor, "n attributes"],
    batch: int = 64,
) -> dict[str, float]:
    """The accuracy by attribute, in [0, 1], over the pictures in which it has a label."""
    read = [torch.stack([x.argmax(1) for x in model(i).values()], 1) for i in images.split(batch)]
    right = torch.cat(read) == labels
    named = labels != UNNAMED
    return {
        attribute: right[named[:, column], column].double().mean().item()
        for column, attribute in enumerate(ATTRIBUTES)
    }
