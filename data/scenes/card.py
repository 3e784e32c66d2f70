"""The model card: a description of the embedded model, and figures measured by ``evaluate``."""

from dataclasses import dataclass

from data.scenes.photographs import BENCHMARK, TRAINING
from data.scenes.spec import ALL_SPECS, HELD_OUT_SPECS

OMEGA = 7.5


@dataclass(frozen=True)
class Figures:
    """The measured figures: PSNR in dB, shares of pictures in [0, 1], numbers of parameters."""

    pictures: int
    scenes_psnr: float
    photographs_psnr: float
    rendered: dict[str, float]
    sampled: dict[str, float]
    parameters: list[int]
    weights: str
    precision: str
    torch: str
    machine: str

    def broken_promises(self) -> list[str]:
        """The promises of the model card that the figures do not meet."""
        kept = {
            "autoencoder PSNR of 28 dB": self.scenes_psnr >= 28,
            "99% of rendered pictures read right": min(self.rendered.values()) >= 0.99,
            "right colour in 95% of samples": self.sampled["colour"] >= 0.95,
            "right shape in 85% of samples": self.sampled["shape"] >= 0.85,
        }
        return [promise for promise, holds in kept.items() if not holds]


def card(figures: Figures) -> str:
    """The card as Markdown."""
    vae, unet, text_encoder, classifier = (f"{count / 1e6:.2f}M" for count in figures.parameters)
    rows = [
        ("autoencoder, PSNR on held-out scenes", f"{figures.scenes_psnr:.2f} dB"),
        ("autoencoder, PSNR on `data=photos`", f"{figures.photographs_psnr:.2f} dB"),
    ]
    for attribute, share in figures.rendered.items():
        rows.append((f"classifier, {attribute} of rendered pictures", f"{share:.1%}"))
    for attribute, share in figures.sampled.items():
        rows.append((f"samples at omega {OMEGA}, right {attribute}", f"{share:.1%}"))
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return TEMPLATE.format(
        table=table,
        figures=figures,
        vae=vae,
        unet=unet,
        text_encoder=text_encoder,
        classifier=classifier,
        captions=len(ALL_SPECS),
        held_out=len(HELD_OUT_SPECS),
        training=", ".join(TRAINING),
        benchmark=", ".join(BENCHMARK),
    )


TEMPLATE = """# The embedded model

A latent diffusion model of 64 by 64 pictures, each of one coloured shape on a background, in
diffusers' Stable Diffusion layout: `AutoencoderKL` ({vae} parameters, latents of 6 by 16 by 16),
`UNet2DConditionModel` ({unet}), `CLIPTextModel` ({text_encoder}), a byte-level `CLIPTokenizer` and
Stable Diffusion v1's noise schedule; fp16 weights. `classifier/` ({classifier}) reads a picture's
colour, shape and background. It exists to show how inversion methods behave; it knows nothing else.

## Figures

{figures.pictures} held-out pictures and {figures.pictures} samples of held-out captions, the UNet
in {figures.precision}, 50 DDIM steps, torch {figures.torch}, {figures.machine}; made by
`python -m data.scenes.evaluate`.

| what | measured |
|---|---|
{table}

![samples](samples.png)

## Training

`python -m data.scenes.train` renders the scenes and trains all parts; the steps and rates stand at
the top of `data/scenes/train.py`. Of the {captions} captions, {held_out} were held out.

A quarter of the autoencoder's batches are turned and tinted crops of photographs that scikit-image
carries ({training}), so that it can draw photographs at all. The pictures of `data=photos`
({benchmark}) are not among them, and the UNet saw rendered scenes only.

Weights: sha256 `{figures.weights}`. Licence: as the repository's, MIT.
"""
