"""Metrics of edited scenes, computed with the embedded classifier."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from hashlib import sha256

import torch
from jaxtyping import Float
from torch import Tensor

from data.scenes.classifier import ATTRIBUTES, SceneClassifier
from data.scenes.embedded import MODEL
from eval.feature_network import Features
from eval.metric import Metric, PerImage, Pictures
from eval.perceptual import distance
from eval.quantity import Quantity
from pti.types import Image

PERCEPT = Quantity("percept-scenes", higher_is_better=False, decimals=3, matters=0.03)

KEPT = 1024
"""Pictures whose layers are kept, 0.24 MB each: cells share inputs and true edits."""


@cache
def scene_classifier() -> SceneClassifier:
    """The embedded classifier, loaded once per process."""
    return SceneClassifier.load(MODEL / "classifier")


@cache
def classifier_digest() -> str:
    """The sha256 of the embedded classifier's weights."""
    return sha256((MODEL / "classifier/model.safetensors").read_bytes()).hexdigest()


@dataclass(frozen=True)
class _Seen:
    """One picture, recognised by its pixels."""

    content: bytes
    device: str
    image: Image = field(compare=False)


@lru_cache(maxsize=KEPT)
def _layers_of(picture: _Seen) -> list[Float[Tensor, "1 _ _ _"]]:
    return scene_classifier().to(picture.image.device).layers(picture.image)


def _layers(images: Image) -> Sequence[Float[Tensor, "b _ _ _"]]:
    """The classifier's layers, of each picture by itself: it may be a picture of earlier.

    A picture's layout in memory, which would change last bits, does not matter.
    """
    whole = (image[None].contiguous() for image in images)
    rows = [
        _layers_of(_Seen(image.cpu().numpy().tobytes(), image.device.type, image))
        for image in whole
    ]
    return [torch.cat(layers) for layers in zip(*rows, strict=True)]


def _percept(images: Image, references: Image) -> PerImage:
    return distance(_layers(images), _layers(references))


@dataclass(frozen=True)
class SceneFeatures:
    """The embedded classifier as a feature network, for pictures of 64 x 64 pixels."""

    id: str = "scenes"

    def digest(self) -> str:
        """The sha256 of its weights."""
        return classifier_digest()

    @torch.no_grad()
    def __call__(self, images: Image) -> Features:
        """The features that the classifier's heads take, one row per picture.

        Of a picture by itself, the layers may be known from a metric.
        """
        classifier = scene_classifier().to(images.device)
        if len(images) == 1:
            return classifier.trunk(_layers(images)[-1])
        return classifier.features(images)


@dataclass(frozen=True)
class ScenePercept(Metric):
    """The formula of LPIPS over the embedded classifier's layers, with unit weights."""

    @property
    def quantity(self) -> Quantity:
        """A distance, 0 for a copy."""
        return PERCEPT

    def digest(self) -> str:
        """The sha256 of the classifier's weights."""
        return classifier_digest()

    @torch.no_grad()
    def __call__(self, pictures: Pictures) -> PerImage:
        """The distance of each result to its input."""
        return _percept(pictures.output, pictures.source)


@dataclass(frozen=True)
class ScenePerceptInside(Metric):
    """The distance of ``ScenePercept`` to the true edit, where that differs from the input."""

    needs = ("truth", "changed")

    @property
    def quantity(self) -> Quantity:
        """A distance, 0 for the truth itself."""
        return replace(PERCEPT, id="percept-inside-scenes")

    def digest(self) -> str:
        """The sha256 of the classifier's weights."""
        return classifier_digest()

    @torch.no_grad()
    def __call__(self, pictures: Pictures) -> PerImage:
        """The distance of each result, with the true edit around the region, to the true edit.

        NaN where the true edit changes nothing.
        """
        assert pictures.truth is not None
        assert pictures.changed is not None
        inside = torch.where(pictures.changed, pictures.output, pictures.truth)
        distances = _percept(inside, pictures.truth)
        return distances.where(pictures.changed.flatten(1).any(1), torch.nan)


@dataclass(frozen=True)
class SceneAccuracy(Metric):
    """Whether the embedded classifier reads every word of the target class."""

    needs = ("target_class",)

    @property
    def quantity(self) -> Quantity:
        """1 or 0 per picture; the mean is the accuracy."""
        return Quantity("accuracy-scenes", higher_is_better=True, decimals=3, matters=0.02)

    def digest(self) -> str:
        """The sha256 of the classifier's weights."""
        return classifier_digest()

    @torch.no_grad()
    def __call__(self, pictures: Pictures) -> PerImage:
        """1 where every word is read, else 0."""
        assert pictures.target_class is not None
        logits = scene_classifier().read(_layers(pictures.output)[-1])
        read = [
            {words[int(logits[name][row].argmax())] for name, words in ATTRIBUTES.items()}
            for row in range(len(pictures.output))
        ]
        right = [
            set(target.split()) <= seen
            for target, seen in zip(pictures.target_class, read, strict=True)
        ]
        return torch.tensor(right, dtype=torch.float32)
