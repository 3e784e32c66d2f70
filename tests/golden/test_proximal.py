"""Proximal guidance: the share of differences left out, both formulas, and a loop written out."""

import pytest
import torch

from baselines.negative_prompt import NegativePrompt
from baselines.proximal import Proximal, proximal
from pti.diffusion.trace import Trace
from pti.method import reconstruct
from tests.tiny import edit_batch, tiny_batch, tiny_model

pytestmark = pytest.mark.golden


def differences():
    generator = torch.Generator().manual_seed(1)
    scales = torch.tensor([1.0, 10.0, 0.1], dtype=torch.float64)[:, None, None, None]
    return scales * torch.randn(3, 4, 10, 10, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("rule", ["soft", "hard"])
@pytest.mark.parametrize("quantile", [0.4, 0.75])
def test_the_share_of_each_image_is_left_out_whatever_its_scale(rule, quantile):
    left = proximal(differences(), quantile, rule)
    shares = (left == 0).flatten(1).double().mean(1)
    torch.testing.assert_close(shares, torch.full_like(shares, quantile), rtol=0, atol=0.003)


def test_hard_leaves_the_rest_and_soft_moves_it_towards_0():
    given = differences()
    hard, soft = (proximal(given, 0.5, rule) for rule in ("hard", "soft"))
    assert torch.equal(hard[hard != 0], given[hard != 0])
    for before, after in zip(given, soft, strict=True):
        threshold = float(before.abs().median())
        torch.testing.assert_close(
            after, before - before.clamp(-threshold, threshold), rtol=0, atol=0.1 * threshold
        )


def test_the_authors_quantile_over_both_rows_is_ours_over_the_target_s():
    """Theirs is over the source's row as well, whose differences are all 0."""
    for given in differences():
        rows = torch.stack([torch.zeros_like(given), given])
        threshold = rows.abs().quantile(0.7)
        theirs = int((given.abs() <= threshold).sum())
        ours = int((proximal(given[None], (0.7 - 0.5) / 0.5, "soft") == 0).sum())
        assert abs(ours - theirs) <= 1


def test_an_edit_is_guided_by_the_large_differences():
    model, batch = tiny_model(), edit_batch()
    trace = Trace(steps=4, omega=1.0)
    invert, editor = NegativePrompt(trace), Proximal(omega=5.0, quantile=0.6, rule="hard")
    found = invert(model, batch)
    made = editor(model, invert.schedule(model), found, batch).z
    source, target = model.embed(batch.captions), model.embed(batch.targets)
    z = found.path[:, -1]
    with torch.no_grad():
        for step in invert.schedule(model):
            from_source = model.predict(z, step.t, source)
            apart = model.predict(z, step.t, target) - from_source
            rows = [row * (row.abs() >= row.abs().quantile(0.6)) for row in apart]
            z = step.denoise(z, from_source + 5.0 * torch.stack(rows))
    torch.testing.assert_close(made, z)


@pytest.mark.parametrize("rule", ["soft", "hard"])
def test_the_caption_as_target_is_the_reconstruction(rule):
    model, batch = tiny_model(), tiny_batch()
    invert = NegativePrompt(Trace(steps=4, omega=1.0))
    found = invert(model, batch)
    made = Proximal(rule=rule)(model, invert.schedule(model), found, batch).z
    torch.testing.assert_close(made, reconstruct(invert, model, batch))


@pytest.mark.parametrize(
    ("fields", "said"), [({"quantile": 1.0}, "quantile=1.0"), ({"quantile": -0.1}, "quantile=-0.1")]
)
def test_what_no_quantile_can_be_is_refused(fields, said):
    with pytest.raises(ValueError, match=said):
        Proximal(**fields)
