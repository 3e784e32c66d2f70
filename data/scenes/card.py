"""The model card: a description of the embedded model, and figures measured by ``evaluate``."""

from dataclasses import dataclass

from data.scenes.binding import OBJECT_KINDS, THRESHOLDS, Found, of_objects
from data.scenes.photographs import BENCHMARK, TRAINING
from data.scenes.spec import ALL_SPECS, HELD_OUT_SPECS

OMEGA = 7.5
PROMISED = {"colour": 0.95, "shape": 0.95, "pattern": 0.95, "background": 0.9, "presence": 0.98}
"""The share of samples that show each attribute as their caption says."""


@dataclass(frozen=True)
class Figures:
    """The measured figures: PSNR in dB, shares of pictures in [0, 1], numbers of parameters."""

    pictures: int
    scenes_psnr: float
    photographs_psnr: float
    rendered: dict[str, float]
    sampled: dict[str, float]
    masks: dict[str, list[Found]]
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
        }
        for attribute, share in PROMISED.items():
            promise = f"right {attribute} in {share:.0%} of samples"
            kept[promise] = self.sampled[attribute] >= share
        found = of_objects(self.masks)
        kept["masks that overlap the true change by 0.47"] = max(x.overlap for x in found) >= 0.47
        kept["masks that halve from threshold 0.1 to 0.9"] = found[-1].share <= found[0].share / 2
        return [promise for promise, holds in kept.items() if not holds]


def _masks(figures: Figures) -> str:
    """Overlap and share of the attention masks as a table of kinds by thresholds."""
    rows = {**figures.masks, f"mean of {', '.join(OBJECT_KINDS)}": of_objects(figures.masks)}
    lines = [
        "| kind of edit | " + " | ".join(map(str, THRESHOLDS)) + " |",
        "|---" * (1 + len(THRESHOLDS)) + "|",
    ]
    for kind, found in rows.items():
        cells = (f"{each.overlap:.2f} ({each.share:.0%})" for each in found)
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


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
        masks=_masks(figures),
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

A latent diffusion model of 64 by 64 pictures, each of a background with no, one or two coloured
shapes, in diffusers' Stable Diffusion layout: `AutoencoderKL` ({vae} parameters, latents of 6 by
16 by 16), `UNet2DConditionModel` ({unet}, cross-attention at 16 by 16, 8 by 8 and, in the middle
block, 4 by 4), `CLIPTextModel` ({text_encoder}), a byte-level `CLIPTokenizer` and Stable Diffusion
v1's noise schedule; fp16 weights. `classifier/` ({classifier}) reads a picture's colour, shape,
background, pattern, and whether there is an object at all. It exists to show how inversion methods
behave; it knows nothing else.

**This model's attention was grounded in training; Stable Diffusion's was not.** A loss bound each
word of an object, and of the background, to its place (`data/scenes/grounding.py`), so that
attention masks mean something in so small a model. What follows from that for the figures is said
in `docs/embedded_world.md`.

## Figures

{figures.pictures} held-out pictures and {figures.pictures} samples of held-out captions, an eighth
of them without an object, the UNet in {figures.precision}, 50 DDIM steps, torch {figures.torch},
{figures.machine}; made by `python -m data.scenes.evaluate`.

| what | measured |
|---|---|
{table}

Attention masks of DDIM-Edit on the dev split, by threshold: intersection over union with the true
change, and the share of the picture selected. After a deletion no word is left of what should go:
its words are the background's, which select the whole picture.

{masks}

![samples](samples.png)

The last row has captions with two objects.

## Training

`python -m data.scenes.train` renders the scenes and trains the decoder, the UNet with the text
encoder, and the classifier; the steps and rates stand at the top of `data/scenes/train.py`.
Of the {captions} captions with one object, {held_out} were held out. At first the loss of the noise
weighs noisy timesteps more: without that, a sample's background came from its noise rather than
from its caption. Decoder and UNet are trained on pictures of renderer 2, whose patterns lie
anyhow; at last the UNet learns from those of renderer 3, whose patterns follow the object, with
more weight on objects. The classifier is trained on pictures of renderer 3.

The encoder is the first edition's, bit by bit: it was trained with a decoder of its own on pictures
of renderer 1, by the recipe of that edition, and saw no dots, pairs of objects or bare backgrounds.
The recipe of this edition takes it from this folder, and trains a new decoder. A quarter of the
batches of both were turned and tinted crops of photographs that scikit-image
carries ({training}), so that they can draw photographs at all. The pictures of `data=photos`
({benchmark}) are not among them, and the UNet saw rendered scenes only.

Weights: sha256 `{figures.weights}`. Licence: as the repository's, MIT.
"""
