"""The recipe of the embedded model: ``python -m data.scenes.train``.

Renders the training scenes, then trains the decoder of the latents, the UNet together with the text
encoder, and the classifier, each from its last checkpoint in ``--work``. The encoder is that of the
embedded model, and stays as it is. Writes a Stable Diffusion folder.
"""

import argparse
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own name for it)
from transformers import CLIPTokenizer

from data.scenes import architecture
from data.scenes.classifier import ATTRIBUTES, UNNAMED, SceneClassifier
from data.scenes.corpus import Corpus, photograph_crops, rendered
from data.scenes.embedded import MODEL
from data.scenes.examples import Examples, examples_of, to_images
from data.scenes.fit import Plan, fit
from data.scenes.grounding import grounding, recorded
from data.scenes.render import RENDERER
from pti.diffusion.load import torch_device
from pti.diffusion.random_model import stable_diffusion_scheduler

SCENES = 12_000
CROPS = 6_000
DECODER = Plan("decoder", steps=1_200, batch=16, lr=1.5e-3)
CLASSIFIER = Plan("classifier", steps=2_400, batch=48, lr=1e-3)
DIFFUSION = Plan("diffusion", steps=8_000, batch=32, lr=1e-3, ema=0.999)
REFINEMENT = Plan("refinement", steps=7_000, batch=32, lr=6e-4, ema=0.999, seed=1_000_000)
PATTERNS = Plan("patterns", steps=3_000, batch=32, lr=6e-4, ema=0.998, seed=2_000_000)
"""The UNet learns by these three in turn: backgrounds, outlines, and patterns."""

EARLIER = 2
"""The renderer whose scenes the decoder and the first two plans of the UNet are trained on."""

PHOTOGRAPH_SHARE = 0.25
EMPTY_CAPTIONS = 0.1
SUBJECT_CAPTIONS = 0.05
"""Share of captions without the background, so that the model understands "a red star", too."""

FULL_CAPTION = 2
MOST_WEIGHT = {DIFFUSION.name: 5.0, REFINEMENT.name: 1.0, PATTERNS.name: 1.0}
"""What a noisy timestep weighs at most, beside the 1 of a clear one."""

OBJECTS_WEIGHT = {DIFFUSION.name: 1.0, REFINEMENT.name: 1.0, PATTERNS.name: 4.0}
"""What a latent's cell inside an object weighs, beside the 1 of one outside."""

INSIDE_WEIGHT = 0.15
EXTENT_WEIGHT = 0.3
"""Weights of the two terms of ``data.scenes.grounding`` beside the error of the noise."""


def _draw(generator: torch.Generator, pool: Tensor, count: int) -> Tensor:
    chosen = torch.randint(len(pool), (count,), generator=generator, device=generator.device)
    return pool[chosen]


def _edges(images: Tensor) -> Tensor:
    down, across = images.diff(dim=-2)[..., :-1], images.diff(dim=-1)[..., :-1, :]
    return torch.cat([down, across], dim=1)


def decoder_loss(
    module: Any, generator: torch.Generator, scenes: Tensor, crops: Tensor, plan: Plan
) -> Tensor:
    """L1 + 8 MSE + 0.5 L1 of the image's gradients, on scenes and photograph crops."""
    photographs = int(PHOTOGRAPH_SHARE * plan.batch)
    pictures = torch.cat(
        [_draw(generator, scenes, plan.batch - photographs), _draw(generator, crops, photographs)]
    )
    images = to_images(pictures) * 2 - 1
    posterior = module.encode(images).latent_dist
    noise = torch.randn(posterior.mean.shape, generator=generator, device=images.device)
    decoded = module.decode(posterior.mean + posterior.std * noise).sample.float()
    error = F.l1_loss(decoded, images) + 8 * F.mse_loss(decoded, images)
    return error + 0.5 * F.l1_loss(_edges(decoded), _edges(images))


def _disturbed(
    images: Float[Tensor, "b 3 h w"], generator: torch.Generator
) -> Float[Tensor, "b 3 h w"]:
    """Pictures with another contrast, some blur and a little noise.

    Guided samples have more contrast and less texture than rendered pictures; both must be read.
    """
    draw = partial(torch.rand, (len(images), 1, 1, 1), generator=generator, device=images.device)
    contrast, blur = 0.7 + 0.8 * draw(), draw()
    blurred = F.avg_pool2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    images = images + blur * (blurred - images)
    middle = images.mean(dim=(1, 2, 3), keepdim=True)
    noise = torch.randn(images.shape, generator=generator, device=images.device)
    return (middle + contrast * (images - middle)).clamp(0, 1) + 0.03 * noise


def classifier_loss(
    module: nn.Module, generator: torch.Generator, scenes: Tensor, labels: Tensor, plan: Plan
) -> Tensor:
    """Cross-entropy of the attributes that a scene has, on disturbed pictures."""
    chosen = torch.randint(len(scenes), (plan.batch,), generator=generator, device=scenes.device)
    logits = module(_disturbed(to_images(scenes[chosen]), generator))
    truth = labels[chosen]
    parts = [
        F.cross_entropy(logits[name], truth[:, i], ignore_index=UNNAMED)
        for i, name in enumerate(ATTRIBUTES)
    ]
    return torch.stack(parts).sum()


def diffusion_loss(
    module: nn.ModuleDict, generator: torch.Generator, examples: Examples, plan: Plan
) -> Tensor:
    """Weighted squared error of the predicted noise at uniformly drawn timesteps, and grounding.

    Each timestep weighs 1 over its signal-to-noise ratio, from 1 to ``MOST_WEIGHT``: what
    a scene's background is shows in the noisiest latents, where a wrong one costs next to nothing.
    Once it is learnt, all weigh the same. A cell inside an object weighs ``OBJECTS_WEIGHT``, in
    every sum of squares alike, so that the best prediction stays the same.
    """
    device, count = generator.device, len(examples.means)
    chosen = torch.randint(count, (plan.batch,), generator=generator, device=device)
    kind = torch.rand(plan.batch, generator=generator, device=device)
    shares = torch.tensor([EMPTY_CAPTIONS, EMPTY_CAPTIONS + SUBJECT_CAPTIONS], device=device)
    form = torch.bucketize(kind, shares)
    means = examples.means[chosen]
    draw = partial(torch.randn, means.shape, generator=generator, device=device)
    z = means + examples.deviations[chosen] * draw()
    eps = draw()
    steps: Any = torch.randint(1000, (plan.batch,), generator=generator, device=device)
    scheduler = stable_diffusion_scheduler()
    noisy = scheduler.add_noise(z, eps, steps)
    signal = scheduler.alphas_cumprod.to(device)[steps]
    weight = ((1 - signal) / signal).clamp(1, MOST_WEIGHT[plan.name])
    context = module["text_encoder"](examples.captions[form, chosen]).last_hidden_state
    with recorded(module["unet"]) as maps:
        predicted = module["unet"](noisy, steps, context).sample.float()
    regions = examples.regions[chosen].float() / 255
    objects = regions[:, :-1].sum(1)
    emphasis = 1 + (OBJECTS_WEIGHT[plan.name] - 1) * objects
    squared = emphasis[:, None] * (predicted - eps).square()
    error = (weight * squared.mean(dim=(1, 2, 3))).mean()
    full = form == FULL_CAPTION
    words = examples.words[chosen][full]
    inside, extent = grounding([m[full] for m in maps], regions[full], words)
    return error + INSIDE_WEIGHT * inside + EXTENT_WEIGHT * extent


def untrained_decoder() -> AutoencoderKL:
    """The embedded model's encoder, which is kept as it is, with a new decoder."""
    shipped: Any = AutoencoderKL.from_pretrained(MODEL / "vae", torch_dtype=torch.float32)
    autoencoder: Any = architecture.build_autoencoder()
    autoencoder.register_to_config(scaling_factor=shipped.config.scaling_factor)
    for part in ("encoder", "quant_conv"):
        kept = getattr(autoencoder, part)
        kept.load_state_dict(getattr(shipped, part).state_dict())
        kept.requires_grad_(False)
    return autoencoder


def learn_pictures(pictures: Tensor, work: Path, plan: Plan) -> AutoencoderKL:
    """The autoencoder, whose decoder is trained on scenes and crops of photographs."""
    crops = torch.from_numpy(photograph_crops(CROPS)).to(pictures.device)
    loss = partial(decoder_loss, scenes=pictures, crops=crops, plan=plan)
    return fit(plan, untrained_decoder(), loss, work, pictures.device)


def learn_noise(
    text_encoder: nn.Module, lessons: Iterable[tuple[Plan, Examples]], work: Path
) -> nn.ModuleDict:
    """The UNet and the text encoder, trained together by one plan after the other."""
    diffusion = nn.ModuleDict({"unet": architecture.build_unet(), "text_encoder": text_encoder})
    for plan, examples in lessons:
        loss = partial(diffusion_loss, examples=examples, plan=plan)
        diffusion.requires_grad_(True)
        diffusion = fit(plan, diffusion, loss, work, examples.means.device)
    return diffusion


def learn_words(corpus: Corpus, work: Path, plan: Plan, device: torch.device) -> SceneClassifier:
    """The classifier, trained on the scenes of a corpus."""
    pictures, labels = (
        torch.from_numpy(part).to(device) for part in (corpus.pictures, corpus.labels)
    )
    loss = partial(classifier_loss, scenes=pictures, labels=labels, plan=plan)
    return fit(plan, SceneClassifier(), loss, work, device)


def train(work: Path, out: Path, device: torch.device, plans: dict[str, Plan], scenes: int) -> None:
    """Run the whole recipe and write the embedded model to ``out``."""
    work.mkdir(parents=True, exist_ok=True)
    earlier, latest = (rendered(scenes, work, renderer) for renderer in (EARLIER, RENDERER))
    tokenizer = architecture.build_tokenizer()
    torch.manual_seed(0)
    autoencoder = learn_pictures(
        torch.from_numpy(earlier.pictures).to(device), work, plans["decoder"]
    )
    first, last = (
        examples_of(corpus, autoencoder, tokenizer, device) for corpus in (earlier, latest)
    )
    lessons = (
        (plans[DIFFUSION.name], first),
        (plans[REFINEMENT.name], first),
        (plans[PATTERNS.name], last),
    )
    torch.manual_seed(0)
    diffusion = learn_noise(architecture.build_text_encoder(tokenizer), lessons, work)
    torch.manual_seed(0)
    classifier = learn_words(latest, work, plans["classifier"], device)
    classifier.cpu().save(out / "classifier")
    export(out, autoencoder, diffusion, tokenizer)


def export(
    out: Path, autoencoder: AutoencoderKL, diffusion: nn.ModuleDict, tokenizer: CLIPTokenizer
) -> None:
    """Save a Stable Diffusion folder in fp16, loadable with ``from_pretrained`` offline."""
    parts: dict[str, Any] = {
        "vae": autoencoder.cpu(),
        "text_encoder": diffusion["text_encoder"].cpu(),
        "tokenizer": tokenizer,
        "unet": diffusion["unet"].cpu(),
        "scheduler": stable_diffusion_scheduler(),
        "safety_checker": None,
        "feature_extractor": None,
    }
    pipeline = StableDiffusionPipeline(**parts, requires_safety_checker=False)
    pipeline.to(dtype=torch.float16)
    pipeline.save_pretrained(out)


def main() -> None:
    """Run the recipe with the options of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("runs/scenes"), help="checkpoints")
    parser.add_argument("--out", type=Path, default=MODEL, help="where the model is written")
    parser.add_argument(
        "--scenes", type=int, default=SCENES, help="pictures to render and train on"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    defaults = {plan.name: plan for plan in (DECODER, CLASSIFIER, DIFFUSION, REFINEMENT, PATTERNS)}
    for name, plan in defaults.items():
        parser.add_argument(f"--{name}-steps", type=int, default=plan.steps)
    options = parser.parse_args()
    plans = {
        name: replace(plan, steps=getattr(options, f"{name}_steps"))
        for name, plan in defaults.items()
    }
    train(options.work, options.out, torch_device(options.device), plans, options.scenes)


if __name__ == "__main__":
    main()
