"""A folder with one picture, where ``experiments.edit`` is run on the tiny model."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

FEW = "method.invert.trace.steps=4"
FEW_STEPS = {"invert.trace.steps": 4}
PROMPT = "a blue ring on snow"


@dataclass
class Desk:
    """A folder with one picture, where the command is run on the tiny model."""

    folder: Path
    model: Path
    call: Callable[..., Any]

    @property
    def image(self):
        return self.folder / "in.png"

    @property
    def out(self):
        return self.folder / "made/out.png"

    def put(self, picture, name="in.png", **options):
        picture.save(self.folder / name, **options)

    def edit(self, *words):
        """Later words replace earlier ones of the same key."""
        model = ("model=sd14", f"model.path={self.model}")
        files = (f"image={self.image}", f"out={self.out}")
        return self.call("edit", *model, *files, f"prompt={PROMPT}", FEW, *words)

    def about(self):
        return json.loads(self.out.with_suffix(".json").read_text())

    def sheet(self):
        return self.out.with_name("out-sheet.png")


def smooth(width, height, mode="RGB"):
    channels = [Image.linear_gradient("L").rotate(90 * k).resize((width, height)) for k in range(4)]
    return Image.merge("RGBA", channels).convert(mode)
