"""Metrics of edited scenes, computed with the embedded classifier."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256

import torch

from eval.feature_network import Features
from eval.metric import Metric, PerImage, Pictures, to_source
from eval.perceptual import distance
from pti.types import Image


@dataclass(frozen=True)
class SceneFeatures:
    """The embedded classifier as a feature network, for pictures of 64 x 64 pixels."""

    id: str = "scenes"

    def digest(self) -> str:
        """The sha256 of its weights."""
        from data.scenes.embedded import MODEL

        return sha256((MODEL / "classifier/model.safetensors").read_bytes()).hexdigest()

    @torch.no_grad()
    def __call__(self, images: Image) -> Features:
        """The features that the classifier's heads take, one row per picture."""
        return scene_classifier().features(images)


@cache
def scene_classifier():  # noqa: ANN201 (its module is imported when it is needed)
    """The embedded classifier, loaded once per process."""
    from data.scenes.classifier import SceneClassifier
    from data.scenes.embedded import MODEL

    return SceneClassifier.load(MODEL / "classifier")


@torch.no_grad()
def percept_scenes(images: Image, references: Image) -> PerImage:
    """The formula of LPIPS over the embedded classifier's layers, with unit weights."""
    classifier = scene_classifier()
    return distance(classifier.layers(images), classifier.layers(references))


@torch.no_grad()
def accuracy_scenes(pictures: Pictures) -> PerImage:
    """1 where the embedded classifier reads every word of the target class, else 0."""
    assert pictures.target_class is not None
    logits = scene_classifier()(pictures.output)
    from data.scenes.classifier import ATTRIBUTES

    read = [
        {words[int(logits[name][row].argmax())] for name, words in ATTRIBUTES.items()}
        for row in range(len(pictures.output))
    ]
    right = [
        set(target.split()) <= seen
        for target, seen in zip(pictures.target_class, read, strict=True)
    ]
    return torch.tensor(right, dtype=torch.float32)


PERCEPT = Metric("percept-scenes", False, 3, to_source(percept_scenes))
ACCURACY = Metric("accuracy-scenes", True, 3, accuracy_scenes)
