"""The loss that binds words to places."""

import pytest
import torch
from diffusers import UNet2DConditionModel

from data.scenes import architecture
from data.scenes.examples import owned_words, tokenize
from data.scenes.grounding import grounding, outside, recorded, soft, unlike
from data.scenes.spec import parse
from pti.diffusion.attention import watched
from pti.diffusion.model import LatentDiffusion


@pytest.fixture(scope="module")
def unet() -> UNet2DConditionModel:
    torch.manual_seed(0)
    return architecture.build_unet()


def test_recording_changes_no_output_and_sees_what_the_methods_watch(unet):
    noise, context = torch.randn(2, 6, 16, 16), torch.randn(2, 32, architecture.TEXT_WIDTH)
    with torch.no_grad():
        expected = unet(noise, 500, context).sample
        with recorded(unet) as layers:
            found = unet(noise, 500, context).sample
        model = LatentDiffusion(None, unet, None, None, None, digest="")
        with watched(model, torch.eye(32).expand(2, -1, -1)) as watch:
            unet(noise, 500, context)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert sorted(maps.shape[1] for maps in layers) == [16, 64, 64, 64, 256, 256, 256]
    finest = torch.stack([maps for maps in layers if maps.shape[1] == 256]).mean(0)
    torch.testing.assert_close(finest, watch.maps().flatten(1, 2), rtol=1e-4, atol=1e-6)


def test_each_word_belongs_to_its_object_or_the_background():
    specs = [parse("a red star and a striped blue ring on sand"), parse("grass")]
    tokenizer = architecture.build_tokenizer()
    tokens = tokenize(tokenizer, specs)[2]
    words = owned_words(specs, tokens.shape[-1])
    named = [
        [
            [str(tokenizer.decode(token)).strip() for token in tokens[row][words[row, owner]]]
            for owner in range(words.shape[1])
        ]
        for row in range(2)
    ]
    assert named == [[["red", "star"], ["striped", "blue", "ring"], ["sand"]], [[], [], ["grass"]]]


def test_a_map_inside_its_region_costs_nothing_and_one_outside_costs_one():
    regions = torch.zeros(1, 1, 4)
    regions[..., :2] = 1
    words = torch.ones(1, 1, 1, dtype=torch.bool)
    for values, inside, extent in (
        ([0.5, 0.5, 0, 0], 0, 0),
        ([1.0, 0, 0, 0], 0, 1 / 4),
        ([0, 0, 0.5, 0.5], 1, 1),
        ([0.25] * 4, 1 / 4, 1 / 2),
    ):
        maps = torch.tensor(values)[None, :, None]
        assert outside(maps, regions, words).item() == pytest.approx(inside)
        assert unlike(maps, regions, words).item() == pytest.approx(extent)


def test_words_of_two_objects_are_held_to_their_own():
    sides = torch.zeros(1, 2, 16, 16)
    sides[:, 0, :, :8], sides[:, 1, :, 8:] = 1, 1
    words = torch.eye(2, dtype=torch.bool)[None]
    right = sides.flatten(2).transpose(1, 2)
    inside, _ = grounding([right], sides, words)
    swapped, _ = grounding([right.flip(-1)], sides, words)
    assert inside.item() == 0
    assert swapped.item() == 1


def test_a_soft_region_falls_from_its_middle_so_that_a_threshold_chooses_its_extent():
    region = torch.zeros(1, 1, 16, 16)
    region[..., 4:12, 4:12] = 1
    shares = [(soft(region) > threshold).float().mean().item() for threshold in (0.1, 0.5, 0.9)]
    assert shares == pytest.approx([100 / 256, 64 / 256, 36 / 256], abs=0.08)
    assert soft(torch.ones(1, 1, 16, 16)).min() == 1
