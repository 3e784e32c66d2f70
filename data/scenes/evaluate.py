"""The figures of the model card: ``python -m data.scenes.evaluate``.

Measures the embedded model on held-out scenes, writes the model card to its README.md, and draws a
sheet of samples. The classifier reads the samples; its own accuracy is measured on rendered
pictures.
"""

import argparse
import platform
import sys
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio

from data.images import square
from data.photos import Photos
from data.progress import bar
from data.scenes.binding import binding
from data.scenes.card import OMEGA, Figures, card
from data.scenes.classifier import SceneClassifier, agreement
from data.scenes.corpus import labels_of
from data.scenes.embedded import MODEL
from data.scenes.render import render
from data.scenes.spec import SceneSpec
from data.scenes.split import scene
from data.tensors import to_pixels, to_tensor
from pti.diffusion.guidance import Guidance
from pti.diffusion.load import from_pretrained, torch_device
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.precision import fastest
from pti.diffusion.sampling import sample

STEPS = 50
COLUMNS = 12
EMPTY_EACH = 8
EDITS_EACH = 16
"""Edits of each kind whose masks are measured."""

FIRST = 10_000
"""First held-out scene that is measured; earlier ones were used to design the autoencoder."""


def held_out_specs(count: int) -> list[tuple[SceneSpec, int]]:
    """Held-out specs and their seeds; every eighth scene has lost its object."""
    scenes = [scene("held_out", FIRST + index) for index in range(count)]
    return [
        (SceneSpec((), spec.background) if index % EMPTY_EACH == 0 else spec, seed)
        for index, (spec, seed) in enumerate(scenes)
    ]


def held_out(
    count: int,
) -> tuple[Float[Tensor, "n 3 64 64"], Int[Tensor, "n attributes"]]:
    """Rendered pictures with held-out captions, and their labels."""
    scenes = held_out_specs(count)
    images = torch.stack([to_tensor(render(spec, seed)) for spec, seed in scenes])
    return images, torch.tensor([labels_of(spec) for spec, _ in scenes])


def paired(count: int) -> list[str]:
    """Captions with two objects, each from a held-out spec."""
    scenes = [scene("held_out", FIRST + index)[0] for index in range(2 * count)]
    return [
        SceneSpec((one.thing, other.thing), one.background).caption
        for one, other in zip(scenes[::2], scenes[1::2], strict=True)
    ]


def round_trip(model: LatentDiffusion, images: Float[Tensor, "n 3 h w"]) -> float:
    """Mean PSNR in dB of the autoencoder's reconstructions; images are in [0, 1]."""
    decoded = torch.cat([model.decode(model.encode(chunk)) for chunk in images.split(32)])
    dimensions = (1, 2, 3)
    values = [
        peak_signal_noise_ratio(a[None], b[None], data_range=1.0, dim=dimensions)
        for a, b in zip(decoded.cpu(), images, strict=True)
    ]
    return torch.stack(values).mean().item()


def draw(
    model: LatentDiffusion, captions: list[str], batch: int = 16
) -> Float[Tensor, "n 3 64 64"]:
    """Sample ``captions`` with guidance scale ``OMEGA``; picture i starts from noise of seed i."""
    images: list[Tensor] = []
    for start in bar(range(0, len(captions), batch), desc="sample", unit="batch"):
        chunk = captions[start : start + batch]
        seeds = (torch.Generator().manual_seed(start + row) for row in range(len(chunk)))
        z = torch.stack([torch.randn(model.latent_shape, generator=seed) for seed in seeds])
        guidance = Guidance.of(model, chunk, STEPS, OMEGA)
        path = sample(model, model.schedule(STEPS), z.to(model.device), guidance)
        images.append(model.decode(path[:, 0]).cpu())
    return torch.cat(images)


def sheet(images: Float[Tensor, "n 3 64 64"], columns: int = COLUMNS) -> Image.Image:
    """Arrange pictures in rows, at twice their size."""
    rows = [
        np.concatenate([to_pixels(image) for image in images[start : start + columns]], axis=1)
        for start in range(0, len(images), columns)
    ]
    picture = Image.fromarray(np.concatenate(rows))
    return picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.NEAREST)


def measure(folder: Path, count: int, device: str) -> tuple[Figures, Image.Image]:
    """All figures of the card, and the sheet of samples."""
    precision = fastest(torch_device(device))
    model = from_pretrained(str(folder), device=device, precision=precision)
    classifier = SceneClassifier.load(folder / "classifier")
    images, labels = held_out(count)
    photographs = torch.stack([to_tensor(square(task.open(), 64)) for task in Photos()])
    samples = draw(model, [spec.caption for spec, _ in held_out_specs(count)])
    shown = torch.cat([samples[: 3 * COLUMNS], draw(model, paired(COLUMNS))])
    read_by = sum(weight.numel() for weight in classifier.parameters())
    figures = Figures(
        pictures=count,
        scenes_psnr=round_trip(model, images),
        photographs_psnr=round_trip(model, photographs),
        rendered=agreement(classifier, images, labels),
        sampled=agreement(classifier, samples, labels),
        masks=binding(model, EDITS_EACH),
        parameters=[*model.parameters.values(), read_by],
        weights=model.digest,
        precision=precision,
        torch=torch.__version__,
        machine=f"{platform.system()} {platform.machine()}, {model.device}",
    )
    return figures, sheet(shown)


def main() -> None:
    """Run the evaluation; exits with 1 where the model does not meet a promise of the card."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, default=MODEL, help="a folder that the recipe wrote")
    parser.add_argument("--pictures", type=int, default=256, help="rendered and sampled pictures")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    options = parser.parse_args()
    figures, samples = measure(options.model, options.pictures, options.device)
    samples.save(options.model / "samples.png", optimize=True)
    text = card(figures)
    (options.model / "README.md").write_text(text, encoding="utf-8")
    print(text)  # noqa: T201
    broken = figures.broken_promises()
    if broken:
        sys.exit(f"error: the model does not reach: {'; '.join(broken)}")


if __name__ == "__main__":
    main()
