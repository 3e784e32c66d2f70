"""What the UNet of the embedded model learns from: latents, captions, and where words belong."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from diffusers import AutoencoderKL
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor
from transformers import CLIPTokenizer

from data.progress import bar
from data.scenes.corpus import Corpus
from data.scenes.grounding import OWNERS
from data.scenes.spec import SceneSpec
from data.scenes.split import training_scene
from pti.diffusion.precision import autocast, fastest


def to_images(pictures: UInt8[Tensor, "b h w 3"]) -> Float[Tensor, "b 3 h w"]:
    """Convert bytes to images in [0, 1]."""
    return pictures.permute(0, 3, 1, 2).float() / 255


@dataclass(frozen=True)
class Examples:
    """What the UNet learns from: all scenes' latents, captions, and where their parts are.

    ``means`` and ``deviations`` are those of the posteriors. ``captions`` are token ids, as
    ``tokenize`` gives them; ``words`` says which tokens of the full captions belong to what.
    """

    means: Float[Tensor, "n 6 16 16"]
    deviations: Float[Tensor, "n 6 16 16"]
    captions: Int[Tensor, "3 n tokens"]
    words: Bool[Tensor, "n owners tokens"]
    regions: UInt8[Tensor, "n owners 16 16"]


def examples_of(
    corpus: Corpus, autoencoder: AutoencoderKL, tokenizer: CLIPTokenizer, device: torch.device
) -> Examples:
    """The scenes of a corpus as the UNet learns from them."""
    specs = [training_scene(index)[0] for index in range(len(corpus.pictures))]
    captions = tokenize(tokenizer, specs)
    words = owned_words(specs, captions.shape[-1])
    means, deviations = encode_all(autoencoder, torch.from_numpy(corpus.pictures).to(device))
    rest = (captions, words, torch.from_numpy(corpus.regions))
    return Examples(means, deviations, *(tensor.to(device) for tensor in rest))


@torch.no_grad()
def encode_all(autoencoder: Any, scenes: Tensor) -> tuple[Tensor, Tensor]:
    """Posterior means and standard deviations of every scene, as large as the model's latents."""
    means, deviations = [], []
    for chunk in bar(scenes.split(64), desc="encode", unit="batch"):
        with autocast(scenes.device, fastest(scenes.device)):
            posterior = autoencoder.encode(to_images(chunk) * 2 - 1).latent_dist
        means.append(posterior.mean.float())
        deviations.append(posterior.std.float())
    factor = autoencoder.config.scaling_factor
    return torch.cat(means) * factor, torch.cat(deviations) * factor


def tokenize(tokenizer: CLIPTokenizer, specs: Sequence[SceneSpec]) -> Int[Tensor, "3 n tokens"]:
    """Token ids of the empty caption, the objects' own and the full one of each scene."""
    forms = [["" for _ in specs], [s.subject for s in specs], [s.caption for s in specs]]
    encode = partial(tokenizer, padding="max_length", truncation=True, return_tensors="pt")
    return torch.stack([encode(captions).input_ids for captions in forms])


def owned_words(specs: Sequence[SceneSpec], tokens: int) -> Bool[Tensor, "n owners tokens"]:
    """Which tokens of each full caption name the first object, the second, and the background.

    Every word of a caption is one token, behind that of the beginning.
    """
    words = torch.zeros(len(specs), OWNERS, tokens, dtype=torch.bool)
    for row, spec in enumerate(specs):
        place = 1
        for owner, thing in enumerate(spec.things):
            end = place + len(thing.phrase.split())
            words[row, owner, place + 1 : end] = True
            place = end + 1
        words[row, -1, place] = True
    return words
