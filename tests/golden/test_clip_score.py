"""CLIP similarity against torchmetrics, on a small CLIP with random weights."""

import numpy as np
import pytest
import torch
from torch import nn
from torchmetrics.multimodal.clip_score import CLIPScore
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

from eval import clip_score
from eval.clip_score import ClipScore, ClipScoreInside
from eval.metric import Pictures
from pti.diffusion.byte_tokenizer import byte_tokenizer
from pti.errors import InputError

pytestmark = pytest.mark.golden

PROMPTS = ("a red star on grass", "a blue ring on water, which this tokenizer spells in bytes")


class Wrapped(nn.Module):
    """What torchmetrics expects: transformers 5 gives features in an object."""

    def __init__(self, model):
        super().__init__()
        self.model, self.config = model, model.config

    def get_image_features(self, pixels):
        return self.model.get_image_features(pixels).pooler_output

    def get_text_features(self, tokens, attended):
        return self.model.get_text_features(tokens, attended).pooler_output


@pytest.fixture(scope="module")
def small():
    """A small CLIP and its processor."""
    tokenizer = byte_tokenizer(["a red star on grass"], 77)
    layers = {"num_hidden_layers": 2, "num_attention_heads": 2}
    widths = {"hidden_size": 32, "intermediate_size": 64}
    ids = {
        f"{one}_token_id": getattr(tokenizer, f"{one}_token_id") for one in ("bos", "eos", "pad")
    }
    config = CLIPConfig(
        text_config={**layers, **widths, "vocab_size": len(tokenizer), **ids},
        vision_config={**layers, **widths, "image_size": 224, "patch_size": 32},
        projection_dim=16,
    )
    torch.manual_seed(3)
    return CLIPModel(config).eval(), CLIPProcessor(CLIPImageProcessor(), tokenizer)


@pytest.fixture
def metric_of(small, monkeypatch):
    monkeypatch.setattr(clip_score, "clip", lambda _: small)
    monkeypatch.setattr(clip_score, "folder_of", lambda _: None)
    return lambda kind: kind()


@pytest.fixture
def pictures():
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (2, 2, 3, 40, 40), generator=generator) / 255
    region = torch.zeros(2, 1, 40, 40, dtype=torch.bool)
    region[0, :, 5:30, 10:20] = True
    return Pictures(*pixels, changed=region, prompt=PROMPTS)


def expected(small, images):
    """torchmetrics' score of each picture, given as bytes."""
    metric = CLIPScore(model_name_or_path=lambda: (Wrapped(small[0]), small[1]))
    rows = zip((images * 255).round().byte(), PROMPTS, strict=True)
    return [metric(image, prompt).item() for image, prompt in rows]


def test_the_whole_picture_has_torchmetrics_score(small, metric_of, pictures):
    found = metric_of(ClipScore)(pictures)
    assert found.tolist() == pytest.approx(expected(small, pictures.output), abs=1e-4)
    assert found.max() > 0


def test_the_inside_is_the_picture_with_black_around_it(small, metric_of, pictures):
    found = metric_of(ClipScoreInside)(pictures)
    first, _ = expected(small, pictures.output * pictures.changed)
    assert found[0].item() == pytest.approx(first, abs=1e-4)
    assert np.isnan(found[1].item())  # its region is empty


def test_it_reads_the_result_alone(metric_of, pictures):
    other = Pictures(pictures.output, 1 - pictures.source, prompt=PROMPTS)
    assert torch.equal(metric_of(ClipScore)(pictures), metric_of(ClipScore)(other))


def test_what_is_missing_or_of_another_network_is_told(small, tmp_path):
    with pytest.raises(InputError, match=r"has no model\.safetensors: fetch openai/clip-vit-large"):
        ClipScore(path=str(tmp_path)).digest()
    for part in small:
        part.save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"holds a different CLIP .*'hidden_size': 32"):
        ClipScore(path=str(tmp_path)).digest()
